"""PyTorch behind `hotcold.influence`: the only room that imports torch."""

from hotcold.influence.backends.torch.backend import TorchBackend, backend_of

__all__ = ["TorchBackend", "backend_of"]
