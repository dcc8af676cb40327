package holdfast.cli;

/// How the process ends, as scripts see it. Printed in every `--help`; part of the stable interface
/// described in `docs/cli.md`.
enum ExitStatus {
    OK(0, "done"),
    FAILURE(1, "tried, but did not succeed; the message says what to do"),
    USAGE(2, "the command line is wrong; nothing was tried"),
    REFUSED(3, "the present state does not allow it; nothing was changed"),
    DAMAGE(4, "damaged data was found and named"),
    UNREACHABLE(5, "no server answers at the address");

    private final int code;
    private final String meaning;

    ExitStatus(int code, String meaning) {
        this.code = code;
        this.meaning = meaning;
    }

    /// @throws IllegalArgumentException if there is none with that code
    static ExitStatus of(int code) {
        for (var status : values()) {
            if (status.code == code) {
                return status;
            }
        }
        throw new IllegalArgumentException("no exit status " + code);
    }

    int code() {
        return code;
    }

    String meaning() {
        return meaning;
    }
}
