"""A matplotlib backend with windows but no screen: notes what is shown, for test_drawing.py.

To matplotlib it is as interactive as Qt; use it with ``module://window_backend``.
"""

from __future__ import annotations

from matplotlib._pylab_helpers import Gcf
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg

shown = []  # figures that were open at each call of pyplot.show()


class Window(FigureManagerBase):
    @classmethod
    def pyplot_show(cls, *, block=None):
        shown.append([manager.canvas.figure for manager in Gcf.get_all_fig_managers()])


class FigureCanvas(FigureCanvasAgg):
    manager_class = Window
    required_interactive_framework = None


FigureManager = Window
