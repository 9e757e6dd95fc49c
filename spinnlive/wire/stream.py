"""The stream protocol's codec: length-prefixed msgpack, bytes in, messages out.

On TCP each message has its length in front, a little-endian 32-bit number of bytes; a WebSocket
carries one message in each binary frame, without it. A message is a msgpack map with ``type`` first;
unknown keys are ignored, so that a newer program can say more. See ``protocols/stream.md``.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields
from typing import Any, TypeVar, get_type_hints

import msgpack
import numpy as np
from numpy.typing import NDArray

from spinnlive.wire import stream_messages as messages
from spinnlive.wire.errors import MalformedPacket
from spinnlive.wire.stream_messages import (
    CLIENT_TYPES,
    SERVER_TYPES,
    ClientMessage,
    Message,
    ServerMessage,
)

PREFIX = struct.Struct("<I")
"""The length in front of a message on TCP."""

MAX_CLIENT_BYTES = 1 << 20
"""Longest message that a server takes unless told otherwise (bytes)."""

MAX_SERVER_BYTES = 1 << 26
"""Longest message that a client takes: 2.7 million synapses (bytes)."""

MAX_INTEGER = (1 << 53) - 1
"""Largest whole number of the protocol: beyond it JavaScript's numbers have gaps."""

CLIENT_ITEMS = 64
"""Most items of a map or array from a client. The decoder makes room for what a header announces
before the items are there, so this bounds what a hostile header can cost."""

SERVER_ITEMS = 1 << 16
"""The same from a server, which lists every population."""

_NAMES: dict[type[Message], str] = {
    kind: name for types in (CLIENT_TYPES, SERVER_TYPES) for name, kind in types.items()
}

M = TypeVar("M", ClientMessage, ServerMessage)


class UnknownType(MalformedPacket):
    """A message is well-formed but of a type that this side does not know."""


class StreamDecoder:
    """Cuts what comes in on TCP into messages, however the network has cut it."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._held = bytearray()

    @property
    def held(self) -> int:
        """Bytes of a message that is not whole yet."""
        return len(self._held)

    def feed(self, data: bytes | bytearray | memoryview) -> Iterator[bytes]:
        """Take bytes in; give every message that is whole now, without its length.

        Raises `MalformedPacket` as soon as a length is 0 or over the limit: what follows cannot be
        made sense of.
        """
        self._held += data
        start = 0
        try:
            while len(self._held) - start >= PREFIX.size:
                size: int = PREFIX.unpack_from(self._held, start)[0]
                if not 1 <= size <= self._max_bytes:
                    raise MalformedPacket(
                        f"message of {size} bytes announced; 1 to {self._max_bytes} are taken"
                    )
                end = start + PREFIX.size + size
                if len(self._held) < end:
                    return
                payload = bytes(memoryview(self._held)[start + PREFIX.size : end])
                start = end
                yield payload
        finally:
            del self._held[:start]


def frame(payload: bytes) -> bytes:
    """Put the length in front of a message."""
    return PREFIX.pack(len(payload)) + payload


def encode_message(message: Message) -> bytes:
    """Give the msgpack bytes of a message, without a length."""
    packed: bytes = msgpack.packb(to_map(message))
    return packed


def decode_client_message(payload: bytes) -> ClientMessage:
    """Take apart what a client sent.

    Raises `MalformedPacket`; of it `UnknownType` when only the type is unknown.
    """
    return _decode(payload, CLIENT_TYPES, CLIENT_ITEMS)


def decode_server_message(payload: bytes) -> ServerMessage:
    """Take apart what a server sent; raises as `decode_client_message` does."""
    return _decode(payload, SERVER_TYPES, SERVER_ITEMS)


def to_map(message: Message) -> dict[str, Any]:
    """Give the map that goes on the wire: the type, then every field that is not None, arrays as
    bytes."""
    kind = type(message)
    packed: dict[str, Any] = {"type": _NAMES[kind]}
    for field, convert in _ENCODERS[kind]:
        value = getattr(message, field)
        if value is not None:
            packed[field] = convert(value)
    return packed


def _decode(payload: bytes, types: dict[str, type[M]], items: int) -> M:
    try:
        value = msgpack.unpackb(
            payload,
            strict_map_key=True,
            max_array_len=items,
            max_map_len=items,
            max_str_len=len(payload),
            max_bin_len=len(payload),
            max_ext_len=0,
        )
    except (ValueError, RecursionError, OverflowError, msgpack.exceptions.UnpackException) as error:
        raise MalformedPacket(
            f"{len(payload)} bytes that are no msgpack: {str(error) or type(error).__name__}"
        ) from None
    if not isinstance(value, dict):
        raise MalformedPacket(f"a message is a map, not {type(value).__name__}")
    name = value.get("type")
    if not isinstance(name, str):
        raise MalformedPacket("a message has a key 'type' with a text")
    kind = types.get(name)
    if kind is None:
        raise UnknownType(f"no message of type {name[:40]!r}; there are {', '.join(types)}")
    taken: dict[str, Any] = {}
    for field, check, needed in _DECODERS[kind]:
        if value.get(field) is not None:
            taken[field] = check(f"{name}.{field}", value[field])
        elif needed:
            raise MalformedPacket(f"{name} lacks {field!r}")
    return kind(**taken)


Check = Callable[[str, Any], Any]


def _integer(name: str, value: Any) -> int:
    if type(value) is not int or not 0 <= value <= MAX_INTEGER:
        raise MalformedPacket(f"{name} is {_shown(value)}; it is a whole number, 0 to 2**53 - 1")
    return value


def _real(name: str, value: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise MalformedPacket(f"{name} is {_shown(value)}; it is a finite number")
    return float(value)


def _boolean(name: str, value: Any) -> bool:
    if type(value) is not bool:
        raise MalformedPacket(f"{name} is {_shown(value)}; it is true or false")
    return value


def _text(name: str, value: Any) -> str:
    if type(value) is not str:
        raise MalformedPacket(f"{name} is {_shown(value)}; it is a text")
    return value


def _array_of(dtype: str) -> Check:
    width = np.dtype(dtype).itemsize

    def check(name: str, value: Any) -> NDArray[Any]:
        if type(value) is not bytes or len(value) % width:
            what = f"{len(value)} bytes" if type(value) is bytes else _shown(value)
            raise MalformedPacket(f"{name} is {what}; it is binary, {width} bytes an item")
        return np.frombuffer(value, dtype)

    return check


def _names(name: str, value: Any) -> tuple[str, ...]:
    return tuple(_text(name, each) for each in _list(name, value))


def _numbers(name: str, value: Any) -> dict[str, float]:
    if type(value) is not dict:
        raise MalformedPacket(f"{name} is {_shown(value)}; it is a map")
    return {_text(name, key): _real(f"{name}.{key}", each) for key, each in value.items()}


def _records_of(kind: type[Any]) -> Check:
    hints = get_type_hints(kind)
    checks = [(each.name, _CHECKS[hints[each.name]]) for each in fields(kind)]

    def check(name: str, value: Any) -> tuple[Any, ...]:
        return tuple(record(name, each) for each in _list(name, value))

    def record(name: str, value: Any) -> Any:
        if type(value) is not dict:
            raise MalformedPacket(f"{name} holds {_shown(value)}; it holds maps")
        missing = [key for key, _ in checks if key not in value]
        if missing:
            raise MalformedPacket(f"{name} lacks {missing[0]!r}")
        return kind(**{key: check(f"{name}.{key}", value[key]) for key, check in checks})

    return check


def _list(name: str, value: Any) -> list[Any]:
    if type(value) is not list:
        raise MalformedPacket(f"{name} is {_shown(value)}; it is an array")
    return value


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


_CHECKS: dict[Any, Check] = {
    int: _integer,
    float: _real,
    bool: _boolean,
    str: _text,
    messages.Ids: _array_of("<u4"),
    messages.Reals: _array_of("<f8"),
    messages.Names: _names,
    messages.Numbers: _numbers,
}
_CHECKS |= {
    messages.Populations: _records_of(messages.Population),
    messages.Projections: _records_of(messages.Projection),
}
_CHECKS |= {hint | None: check for hint, check in tuple(_CHECKS.items())}


def _same(value: Any) -> Any:
    return value


def _id_bytes(value: Any) -> bytes:
    return np.ascontiguousarray(value, "<u4").tobytes()


def _real_bytes(value: Any) -> bytes:
    return np.ascontiguousarray(value, "<f8").tobytes()


def _maps(value: Any) -> list[dict[str, Any]]:
    return [{each.name: getattr(one, each.name) for each in fields(one)} for one in value]


_CONVERTERS: dict[Any, Callable[[Any], Any]] = {
    float: float,
    messages.Ids: _id_bytes,
    messages.Reals: _real_bytes,
    messages.Names: list,
    messages.Populations: _maps,
    messages.Projections: _maps,
}
_CONVERTERS |= {hint | None: convert for hint, convert in tuple(_CONVERTERS.items())}


def _of_kind(kind: type[Any]) -> list[tuple[Field[Any], Any]]:
    hints = get_type_hints(kind, vars(messages))
    return [(each, hints[each.name]) for each in fields(kind)]


_DECODERS: dict[type[Message], list[tuple[str, Check, bool]]] = {
    kind: [(field.name, _CHECKS[hint], field.default is MISSING) for field, hint in _of_kind(kind)]
    for kind in _NAMES
}
_ENCODERS: dict[type[Message], list[tuple[str, Callable[[Any], Any]]]] = {
    kind: [(field.name, _CONVERTERS.get(hint, _same)) for field, hint in _of_kind(kind)]
    for kind in _NAMES
}
