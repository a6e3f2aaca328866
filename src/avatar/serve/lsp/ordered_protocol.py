"""The language server protocol with its rule about the first message, which pygls does not check."""

from lsprotocol import types
from pygls.protocol import LanguageServerProtocol
from pygls.protocol.json_rpc import RPCMessage, RPCRequest

FIRST = frozenset({types.INITIALIZE, types.EXIT})
"""The messages that an editor may send before the server is initialised."""


class OrderedProtocol(LanguageServerProtocol):
    """Refuses requests before `initialize`, and ignores notifications: there is no workspace for them yet."""

    def handle_message(self, message: RPCMessage) -> None:
        """Handle one message of the editor."""
        if self._workspace is None and getattr(message, "method", None) not in FIRST:
            if isinstance(message, RPCRequest):
                code = types.ErrorCodes.ServerNotInitialized
                error = types.ResponseError(code, "the server is not initialised: send `initialize` first")
                self._send_response(message.id, error=error)
            return
        super().handle_message(message)
