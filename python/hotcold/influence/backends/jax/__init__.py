"""JAX behind `hotcold.influence`: flax's modules, linen and nnx, and plain functions."""

from hotcold.influence.backends.jax.choice import backend_of

__all__ = ["backend_of"]
