"""Keras 3 behind `hotcold.influence`, on whichever backend Keras itself runs."""

from hotcold.influence.backends.keras.backend import KerasBackend, backend_of

__all__ = ["KerasBackend", "backend_of"]
