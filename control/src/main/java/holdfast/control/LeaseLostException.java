package holdfast.control;

/// Another controller took the job over: this one stops working on it and writes nothing more.
final class LeaseLostException extends DatabaseException {
    private static final long serialVersionUID = 1L;

    LeaseLostException(String job, String controller) {
        super("job " + job + ": controller " + controller + " no longer holds its lease");
    }
}
