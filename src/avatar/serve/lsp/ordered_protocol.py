"""The language server protocol with two rules that pygls does not check: the first message, and the form of each."""

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidRequest, JsonRpcServerNotInitialized
from pygls.protocol import LanguageServerProtocol
from pygls.protocol.json_rpc import RPCMessage, RPCRequest

FIRST = frozenset({types.INITIALIZE, types.EXIT})
"""The messages that an editor may send before the server is initialised."""


class OrderedProtocol(LanguageServerProtocol):
    """Refuses requests before `initialize`, and ignores notifications: there is no workspace for them yet.

    What is no message of JSON-RPC is a JsonRpcInvalidRequest, which the server shows to the user.
    """

    def handle_message(self, message: RPCMessage) -> None:
        """Handle one message of the editor."""
        method = getattr(message, "method", "")
        if not hasattr(message, "jsonrpc") or not isinstance(method, str):
            raise JsonRpcInvalidRequest("the editor sent something that is no message of JSON-RPC")
        if self._workspace is None and method not in FIRST:
            if isinstance(message, RPCRequest):
                error = JsonRpcServerNotInitialized("the server is not initialised: send `initialize` first")
                self._send_response(message.id, error=error.to_response_error())
            return
        try:
            super().handle_message(message)
        except JsonRpcException:
            raise
        except Exception as error:  # of pygls, for example for an id that is a list; handlers keep theirs
            raise JsonRpcInvalidRequest(f"the editor sent a message with a wrong value: {error}") from error
