package holdfast.nbd;

import java.time.Duration;
import java.util.Locale;

/// Bounds that keep clients from each other. The server's memory for payloads never exceeds
/// `connectionsMax * bytesInFlightMax`, whatever the clients do, besides about 128 KiB of stream
/// buffers per connection and [Buffers#RETAINED_BYTES_MAX] kept for reuse.
///
/// @param connectionsMax connections served at a time; when they are used up, a new one takes the
///   place of the one that has been shaking hands the longest, or else is closed at once
/// @param requestsInFlightMax requests of one connection in work at a time; more wait in its socket
/// @param bytesInFlightMax payload of one connection held at a time
/// @param handshakeTimeout from the accepted connection to the transmission phase, TLS included
/// @param shutdownGrace how long requests in flight may take once their connection is to end
public record NbdLimits(
        int connectionsMax,
        int requestsInFlightMax,
        int bytesInFlightMax,
        Duration handshakeTimeout,
        Duration shutdownGrace) {
    /// A reply that may not be split must fit, or its request would wait for ever.
    private static final int BYTES_IN_FLIGHT_MIN = Protocol.WHOLE_READ_BYTES_MAX + (64 << 10);

    /// For a server of the operator's own machines.
    public static final NbdLimits STANDARD =
            new NbdLimits(128, 64, 8 << 20, Duration.ofSeconds(30), Duration.ofSeconds(10));

    public NbdLimits {
        if (connectionsMax < 1 || requestsInFlightMax < 1) {
            throw new IllegalArgumentException("a server that serves nobody");
        }
        if (bytesInFlightMax < BYTES_IN_FLIGHT_MIN) {
            throw new IllegalArgumentException(
                    String.format(
                            Locale.ROOT,
                            "bytesInFlightMax is %d, needs %d",
                            bytesInFlightMax,
                            BYTES_IN_FLIGHT_MIN));
        }
        if (!handshakeTimeout.isPositive() || shutdownGrace.isNegative()) {
            throw new IllegalArgumentException("no time for a handshake or a shutdown");
        }
    }
}
