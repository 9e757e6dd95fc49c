"""The open door of a live run: programs in any language follow it and act on it over TCP or WebSocket.

The protocol is in ``protocols/stream.md``; its codec is `spinnlive.wire.stream`.

* `server`: `serve`, around a live run; `settings`: what it allows, `access`: to whom; `counts`
* `connections`: one client from its first byte to its last; `peer`: its socket and what waits for it
* `requests`: what a client's messages make happen
* `channels`: streams that clients share; `sources`: what comes on them
* `framing`, `outgoing`: messages in TCP and WebSocket, both ways
* `pages`: files over HTTP from the same port
* `connect`, `dial`, `remote`, `remote_streams`: the Python client, on trio and asyncio
"""
