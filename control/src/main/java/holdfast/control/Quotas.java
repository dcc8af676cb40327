package holdfast.control;

import holdfast.base.RefusalException;
import java.util.Locale;

/// How much of something there may be at most, as operators set it. Usually there is no end.
///
/// @param sourceServers that are enrolled and not deleted
/// @param jobs that users asked for and that have not ended
/// @param serversPerJob that one job concerns
/// @param serversInJobs that all jobs which have not ended concern
/// @param sourceNetworks that there are
public record Quotas(
        long sourceServers,
        long jobs,
        long serversPerJob,
        long serversInJobs,
        long sourceNetworks) {
    /// Instead of a number.
    public static final long ENDLESS = Long.MAX_VALUE;

    public static final Quotas NONE = new Quotas(ENDLESS, ENDLESS, ENDLESS, ENDLESS, ENDLESS);

    /// @throws RefusalException if one more server would be too many
    void requireServer(Transaction tx) throws DatabaseException {
        if (sourceServers != ENDLESS) { // counting is not for nothing
            require(
                    "servers",
                    "source servers",
                    "quota-source-servers",
                    count(tx, "servers where state <> 'DELETED'") + 1,
                    sourceServers);
        }
    }

    /// @throws RefusalException if one more source network would be too many
    void requireNetwork(Transaction tx) throws DatabaseException {
        require(
                "source-networks",
                "source networks",
                "quota-source-networks",
                count(tx, "source_networks") + 1,
                sourceNetworks);
    }

    /// @throws RefusalException if the job would be one too many, or concern too many servers
    void requireJob(Transaction tx, JobRequest request) throws DatabaseException {
        var servers = request.servers().size();
        require(
                "servers-per-job",
                "source servers in one job",
                "quota-servers-per-job",
                servers,
                serversPerJob);
        if (jobs == ENDLESS && serversInJobs == ENDLESS) {
            return;
        }
        var open =
                Tables.JOBS.select(tx, "where state in ('PENDING', 'STARTED') and kind <> 'SCRUB'");
        require("jobs", "jobs in progress", "quota-jobs", open.size() + 1, jobs);
        require(
                "servers-in-jobs",
                "source servers in all jobs in progress",
                "quota-servers-in-jobs",
                servers + open.stream().mapToLong(job -> job.request().servers().size()).sum(),
                serversInJobs);
    }

    private static long count(Transaction tx, String what) throws DatabaseException {
        return tx.query("select count(*) from " + what).getFirst()[0] instanceof Long count
                ? count
                : 0;
    }

    private static void require(String code, String what, String setting, long wanted, long most) {
        if (wanted > most) {
            throw new RefusalException(
                    "too-many-" + code,
                    String.format(
                            Locale.ROOT,
                            "there would be %d %s, at most %d are allowed by the setting %s of the server",
                            wanted,
                            what,
                            most,
                            setting));
        }
    }
}
