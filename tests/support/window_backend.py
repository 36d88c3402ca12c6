"""A matplotlib backend with windows but no screen: notes what is shown, for test_drawing.py.

To matplotlib it is as interactive as Qt; use it with ``module://window_backend``.
"""

from __future__ import annotations

from matplotlib._pylab_helpers import Gcf
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg

shown = []  # figures, in the order in which they were shown
waited = []  # figures whose event loop was run until they were closed


class Window(FigureManagerBase):
    def show(self):
        shown.append(self.canvas.figure)

    @classmethod
    def pyplot_show(cls, *, block=None):
        shown.extend(manager.canvas.figure for manager in Gcf.get_all_fig_managers())


class FigureCanvas(FigureCanvasAgg):
    manager_class = Window
    required_interactive_framework = None

    def start_event_loop(self, timeout=0):
        stopped = []
        self.stop_event_loop = lambda: stopped.append(True)
        Gcf.destroy(self.manager)
        self.callbacks.process("close_event", None)
        assert stopped
        waited.append(self.figure)


FigureManager = Window
