package holdfast.failback;

import java.nio.file.Path;
import java.util.Optional;

/// What the user asked for. What is empty is found out, or asked.
///
/// @param state folder of the client's identity, and of where the disks stand
/// @param endpoint `https://host:port` of the API
/// @param defaultEndpoint offered where it is asked for
/// @param authority file with the installation's certificate
/// @param instance recovery instance to be brought home
/// @param mapping in one of the forms of [DeviceMapping]
/// @param format how local disks are named in a mapping
/// @param prompt whether the user may be asked
/// @param dryRun whether to report what would travel, and to write nothing
public record FailbackSettings(
        Path state,
        Optional<String> endpoint,
        String defaultEndpoint,
        Optional<Path> authority,
        Optional<String> accessKeyId,
        Optional<String> secretAccessKey,
        Optional<String> sessionToken,
        Optional<String> region,
        Optional<String> instance,
        Optional<String> mapping,
        ValueFormat format,
        boolean prompt,
        boolean dryRun) {
    /// Where the identity is kept usually.
    public static final Path STATE_DIRECTORY = Path.of("/var/lib/holdfast-failback");

    /// The regions' names mean nothing to an installation, which answers to all of them.
    static final String REGION = "us-east-1";

    FailbackSettings reachedBy(
            String newId,
            String newSecret,
            Optional<String> newToken,
            Optional<String> newRegion,
            String newEndpoint) {
        return new FailbackSettings(
                state,
                Optional.of(newEndpoint),
                defaultEndpoint,
                authority,
                Optional.of(newId),
                Optional.of(newSecret),
                newToken,
                newRegion,
                instance,
                mapping,
                format,
                prompt,
                dryRun);
    }

    FailbackSettings trusting(Path newAuthority) {
        return new FailbackSettings(
                state,
                endpoint,
                defaultEndpoint,
                Optional.of(newAuthority),
                accessKeyId,
                secretAccessKey,
                sessionToken,
                region,
                instance,
                mapping,
                format,
                prompt,
                dryRun);
    }

    /// Nothing is left to be asked.
    ///
    /// @param newMapping by device names; empty to go on with the one of an earlier client
    FailbackSettings settled(String newInstance, Optional<String> newMapping) {
        return new FailbackSettings(
                state,
                endpoint,
                defaultEndpoint,
                authority,
                accessKeyId,
                secretAccessKey,
                sessionToken,
                region,
                Optional.of(newInstance),
                newMapping,
                ValueFormat.DEV_NAME,
                false,
                dryRun);
    }

    @Override
    public String toString() {
        return "FailbackSettings[" + state + "]"; // not the secrets
    }
}
