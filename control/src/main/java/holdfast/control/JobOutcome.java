package holdfast.control;

/// How a job ended.
record JobOutcome(boolean succeeded, String reason) {
    static JobOutcome succeeded(String reason) {
        return new JobOutcome(true, reason);
    }

    static JobOutcome failed(String reason) {
        return new JobOutcome(false, reason);
    }
}
