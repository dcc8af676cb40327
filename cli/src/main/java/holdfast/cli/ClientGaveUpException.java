package holdfast.cli;

import holdfast.failback.ClientEvent;
import java.io.IOException;

/// What a failback client said as it gave up, in its own process: said here in the same way.
final class ClientGaveUpException extends IOException {
    private static final long serialVersionUID = 1L;

    private final String code;
    private final ExitStatus status;

    ClientGaveUpException(ClientEvent.GaveUp event) {
        super(event.message());
        this.code = event.code();
        this.status = ExitStatus.of(event.status());
    }

    String code() {
        return code;
    }

    ExitStatus status() {
        return status;
    }
}
