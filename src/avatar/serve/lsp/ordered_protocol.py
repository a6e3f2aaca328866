"""The language server protocol with rules that pygls does not check: which messages may come when, and their form."""

import math
from typing import TYPE_CHECKING, Any, cast

from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcParseError,
    JsonRpcServerNotInitialized,
)
from pygls.protocol import LanguageServerProtocol
from pygls.protocol.json_rpc import RPCMessage, RPCRequest

from avatar.common.printable import printable
from avatar.serve.lsp.wrong_addresses import first_wrong, take_out

if TYPE_CHECKING:
    from avatar.serve.lsp.server import EditorServer

FIRST = frozenset({types.INITIALIZE, types.EXIT})
"""The messages that an editor may send before the server is initialised."""


class OrderedProtocol(LanguageServerProtocol):
    """Refuses requests before `initialize` and after `shutdown`, and ignores notifications then.

    What is no message of JSON-RPC is a JsonRpcInvalidRequest, which the server shows to the user. Addresses that no
    file can have are ignored, with a line in the editor's log.
    """

    def structure_message(self, data: dict[str, Any]) -> Any:
        """A message, or an object in one. A number that is none in JSON is a JsonRpcParseError."""
        if not all(map(_is_json, data.values())):
            raise JsonRpcParseError("a number is NaN, or infinite, or too large: JSON has no such numbers")
        return super().structure_message(data)

    def handle_message(self, message: RPCMessage) -> None:
        """Handle one message of the editor."""
        method = getattr(message, "method", "")
        if not hasattr(message, "jsonrpc") or not isinstance(method, str):
            raise JsonRpcInvalidRequest("the editor sent something that is no message of JSON-RPC")
        if self._workspace is None and method not in FIRST:
            self._refuse(message, JsonRpcServerNotInitialized("the server is not initialised: send `initialize` first"))
            return
        if self._shutdown and method != types.EXIT:
            self._refuse(message, JsonRpcInvalidRequest("the server was shut down: send `exit`"))
            return
        params = getattr(message, "params", None)
        lines = take_out(params)
        wrong = first_wrong(params)
        for line in [*lines, *([wrong] if wrong else [])]:
            cast("EditorServer", self._server).log(printable(f"avatar: {line}"))
        if wrong:
            self._refuse(message, JsonRpcInvalidParams(wrong))
            return
        try:
            super().handle_message(message)
        except JsonRpcException:
            raise
        except Exception as error:  # of pygls, for example for an id that is a list; handlers keep theirs
            raise JsonRpcInvalidRequest(f"the editor sent a message with a wrong value: {error}") from error

    def refuse_content(self, error: Exception) -> None:
        """Answer content that is no JSON: nobody knows the id of its message."""
        refused = JsonRpcParseError(f"the editor sent a message that is no JSON: {error}").to_response_error()
        # of a dict, as `lsprotocol` leaves out an id that is None
        self._send_data(
            {"jsonrpc": self.VERSION, "id": None, "error": {"code": refused.code, "message": refused.message}}
        )

    def _refuse(self, message: RPCMessage, error: JsonRpcException) -> None:
        """Answer a request with an error; what is no request gets no answer."""
        if isinstance(message, RPCRequest):
            self._send_response(message.id, error=error.to_response_error())


def _is_json(value: object) -> bool:
    """Whether the numbers in a value can be written as JSON. Objects in it were checked before."""
    if isinstance(value, list):
        return all(map(_is_json, value))
    return not isinstance(value, float) or math.isfinite(value)
