package holdfast.simulation;

import java.time.Duration;

/// A machine of the simulated world: it has a name in the network and a wall clock of its own.
final class SimHost {
    private final String name;
    private Duration clockError = Duration.ZERO;
    private boolean powered = true;

    SimHost(String name) {
        this.name = name;
    }

    Duration clockError() {
        return clockError;
    }

    /// The wall clock is set; the monotonic clock goes on as it was.
    void setClock(Duration error) {
        clockError = error;
    }

    boolean isPowered() {
        return powered;
    }

    void power(boolean on) {
        powered = on;
    }

    @Override
    public String toString() {
        return name;
    }
}
