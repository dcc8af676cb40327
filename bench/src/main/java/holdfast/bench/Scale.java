package holdfast.bench;

import java.time.Duration;

/// How much is measured.
///
/// @param name as told in the report
/// @param copiedMebibytes size of the disk of the first copy
/// @param copies how often it is copied by each
/// @param writtenMebibytes size of the file that loads write to
/// @param writes how long one load for the cost on the source takes
/// @param writePairs how often, with and without an agent
/// @param lagWatch how long the lag is watched
/// @param lagPairs how often, for each
/// @param boots how often a machine is recovered, and booted directly
/// @param crowd how many source servers there are where pages of them are asked for
/// @param crowdWatch for how long they are
record Scale(
        String name,
        int copiedMebibytes,
        int copies,
        int writtenMebibytes,
        Duration writes,
        int writePairs,
        Duration lagWatch,
        int lagPairs,
        int boots,
        int crowd,
        Duration crowdWatch) {
    static final Scale FULL =
            new Scale(
                    "full",
                    1024,
                    4,
                    384,
                    Duration.ofSeconds(8),
                    3,
                    Duration.ofSeconds(30),
                    2,
                    3,
                    10_000,
                    Duration.ofMinutes(10));
    static final Scale QUICK =
            new Scale(
                    "quick",
                    256,
                    2,
                    192,
                    Duration.ofSeconds(5),
                    2,
                    Duration.ofSeconds(15),
                    1,
                    1,
                    1000,
                    Duration.ofSeconds(20));
}
