"""Attributes that are computed when they are first wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class once(Generic[T]):
    """A property that is computed once for each object.

    As `functools.cached_property`, but without its lock, which Python has until 3.11, one for all
    objects of a class: where a process forks while another thread holds it, the child would wait
    for it for ever. Two threads may compute the same value here; either is kept.
    """

    def __init__(self, function: Callable[[Any], T]) -> None:
        self._function = function
        self._name = function.__name__
        self.__doc__ = function.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> once[T]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> once[T] | T:
        if instance is None:
            return self
        value = self._function(instance)
        vars(instance)[self._name] = value  # found first from now on
        return value
