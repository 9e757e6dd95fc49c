"""Values to bytes and back: frozen dataclasses of plain values and arrays, without a line for each.

A class with arrays becomes a msgpack map, in which an array is a map ``{"dtype", "shape", "data"}``
of numpy's name of its type, its lengths, and its bytes; any other class becomes JSON, which viewers
of MCAP files can plot, with a JSON schema. A reader takes what it knows: fields that it does not
know are skipped, fields that are missing take their defaults.
"""

from __future__ import annotations

import json
import types
import typing
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray

_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


def encoding_of(kind: Any) -> str:
    """Say how values of this class are written: ``"msgpack"`` or ``"json"``."""
    return "msgpack" if array_fields(kind) else "json"


@cache
def array_fields(kind: Any) -> tuple[str, ...]:
    """Name the fields of a dataclass that are numpy arrays."""
    return tuple(name for name, hint in _hints(kind).items() if _is_array(hint))


def array_bytes(value: Any) -> int:
    """Give the bytes of the arrays in a value."""
    kind: Any = type(value)
    return sum(getattr(value, name).nbytes for name in array_fields(kind))


def encode(value: Any) -> bytes:
    """Turn a value into bytes."""
    if encoding_of(type(value)) == "json":
        return json.dumps(_plain(value), separators=(",", ":")).encode()
    packed: bytes = msgpack.packb(_plain(value))
    return packed


def decode(kind: type[Any], data: bytes, encoding: str) -> Any:
    """Make the value of this class again.

    Raises `ValueError` when the bytes are no such value.
    """
    try:
        plain = json.loads(data) if encoding == "json" else msgpack.unpackb(data)
        return _build(kind, plain)
    except (KeyError, TypeError, AttributeError, msgpack.UnpackException) as error:
        raise ValueError(f"no {kind.__name__}: {type(error).__name__} {error}") from error


def schema(kind: Any) -> dict[str, Any]:
    """Describe a class that is written as JSON, as JSON schema does."""
    return {"title": kind.__name__, "description": kind.__doc__ or "", **_schema(kind)}


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _is_array(hint: Any) -> bool:
    return typing.get_origin(hint) is np.ndarray


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return {"dtype": value.dtype.str, "shape": value.shape, "data": value.tobytes()}
    if is_dataclass(value):
        kind: Any = type(value)
        return {name: _plain(getattr(value, name)) for name in _hints(kind)}
    if isinstance(value, tuple | list | frozenset):
        return [_plain(each) for each in value]
    return value


def _build(hint: Any, plain: Any) -> Any:
    if _is_array(hint):
        return _array(plain)
    if is_dataclass(hint):
        assert isinstance(hint, type)
        known = {name: each for name, each in _hints(hint).items() if name in plain}
        return hint(**{name: _build(each, plain[name]) for name, each in known.items()})
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple:
        each_hint = [arguments[0]] * len(plain) if arguments[-1:] == (...,) else list(arguments)
        return tuple(_build(inner, each) for inner, each in zip(each_hint, plain, strict=True))
    if origin in (types.UnionType, typing.Union):
        if plain is None:
            return None
        return _build(next(each for each in arguments if each is not type(None)), plain)
    if hint is float:
        return float(plain)
    return plain


def _array(plain: Any) -> NDArray[Any]:
    array = np.frombuffer(plain["data"], np.dtype(plain["dtype"]))
    return array.reshape(plain["shape"])


def _schema(hint: Any) -> dict[str, Any]:
    if is_dataclass(hint):
        assert isinstance(hint, type)
        properties = {name: _schema(each) for name, each in _hints(hint).items()}
        return {"type": "object", "properties": properties}
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple:
        return {"type": "array", "items": _schema(arguments[0])}
    if origin in (types.UnionType, typing.Union):
        return {"anyOf": [_schema(each) for each in arguments]}
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    return {"type": _PLAIN[hint]} if hint in _PLAIN else {}
