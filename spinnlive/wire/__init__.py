"""Sans-I/O codecs of what travels between host and board: bytes in, values out.

No socket, no clock.

What is malformed raises `MalformedPacket`, nothing else. The formats in writing and their golden
vectors are in ``protocols/``. Each codec is imported when it is asked for: who looks for a port
number needs none of them, and who speaks SCP alone does without numpy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spinnlive.wire.bulk import LEAD, BulkEvents, decode_bulk, decode_default, maybe_replies
    from spinnlive.wire.codes import (
        RETRYABLE,
        AccessType,
        Command,
        CpuState,
        IpTagOperation,
        ResultCode,
        RunControl,
        Signal,
        result_sentence,
    )
    from spinnlive.wire.eieio import (
        FEW,
        FULL_PACKET,
        EventPacket,
        decode_events,
        encode_ids16,
        encode_keys32,
        encode_pairs32,
    )
    from spinnlive.wire.errors import MalformedPacket
    from spinnlive.wire.iptag import IpTag, parse_ip_tag
    from spinnlive.wire.notification import (
        CONFIRMATION,
        DatabaseReady,
        Notification,
        StartResume,
        StopPause,
        decode_notification,
        encode_notification,
    )
    from spinnlive.wire.requests import (
        chip_info_request,
        count_request,
        get_time_request,
        iptag_clear_request,
        iptag_get_request,
        iptag_to_sender_request,
        pause_request,
        read_request,
        signal_request,
        stop_application_request,
        version_request,
        write_request,
    )
    from spinnlive.wire.scp import (
        ChipInfo,
        ScpReply,
        ScpRequest,
        Version,
        decode_reply,
        encode_request,
        parse_chip_info,
        parse_version,
    )
    from spinnlive.wire.sdp import SCP_UDP_PORT, SdpHeader, decode_sdp
    from spinnlive.wire.window import (
        Completed,
        Due,
        Failed,
        ScpWindow,
        WindowFull,
        WindowStatistics,
    )

__all__ = [
    "CONFIRMATION",
    "FEW",
    "FULL_PACKET",
    "LEAD",
    "RETRYABLE",
    "SCP_UDP_PORT",
    "AccessType",
    "BulkEvents",
    "ChipInfo",
    "Command",
    "Completed",
    "CpuState",
    "DatabaseReady",
    "Due",
    "EventPacket",
    "Failed",
    "IpTag",
    "IpTagOperation",
    "MalformedPacket",
    "Notification",
    "ResultCode",
    "RunControl",
    "ScpReply",
    "ScpRequest",
    "ScpWindow",
    "SdpHeader",
    "Signal",
    "StartResume",
    "StopPause",
    "Version",
    "WindowFull",
    "WindowStatistics",
    "chip_info_request",
    "count_request",
    "decode_bulk",
    "decode_default",
    "decode_events",
    "decode_notification",
    "decode_reply",
    "decode_sdp",
    "encode_ids16",
    "encode_keys32",
    "encode_notification",
    "encode_pairs32",
    "encode_request",
    "get_time_request",
    "iptag_clear_request",
    "iptag_get_request",
    "iptag_to_sender_request",
    "maybe_replies",
    "parse_chip_info",
    "parse_ip_tag",
    "parse_version",
    "pause_request",
    "read_request",
    "result_sentence",
    "signal_request",
    "stop_application_request",
    "version_request",
    "write_request",
]

_MODULES = {
    "bulk": "LEAD BulkEvents decode_bulk decode_default maybe_replies",
    "codes": "RETRYABLE AccessType Command CpuState IpTagOperation ResultCode RunControl Signal result_sentence",
    "eieio": "FEW FULL_PACKET EventPacket decode_events encode_ids16 encode_keys32 encode_pairs32",
    "errors": "MalformedPacket",
    "iptag": "IpTag parse_ip_tag",
    "notification": "CONFIRMATION DatabaseReady Notification StartResume StopPause decode_notification "
    "encode_notification",
    "requests": "chip_info_request count_request get_time_request iptag_clear_request iptag_get_request "
    "iptag_to_sender_request pause_request read_request signal_request stop_application_request version_request "
    "write_request",
    "scp": "ChipInfo ScpReply ScpRequest Version decode_reply encode_request parse_chip_info parse_version",
    "sdp": "SCP_UDP_PORT SdpHeader decode_sdp",
    "window": "Completed Due Failed ScpWindow WindowFull WindowStatistics",
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names.split()}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
