package holdfast.systemtest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// Kills the server that it is in with `kill -9` once so many steps of its jobs and plans are
/// reached. [FuseAgent] has the server call it; nothing in the product knows of it.
///
/// A step is a transaction that writes to what jobs and plans are kept in, right before and right
/// after it is committed, and whatever a job does to the world. The directory tells what to do:
/// `armed` holds the number or the name of the step to be killed at, and is gone afterwards;
/// `steps` names all that were reached while it was there.
public final class Fuse {
    private static final int SIGKILL = 9;

    private static final Pattern WRITE =
            Pattern.compile("(?:insert into|update|delete from) (\\w+)\\b.*", Pattern.DOTALL);

    /// What jobs and plans are kept in.
    private static final Set<String> TABLES =
            Set.of("jobs", "phases", "instances", "executions", "failbacks");

    /// Not steps of a job, but what goes on beside it as long as time goes on.
    private static final Set<String> BESIDE = Set.of("Jobs.renew");

    private static final MethodHandle KILL = kill();

    private static Path directory = Path.of("");
    private static int reached;

    /// Of the transaction that runs; the database has one thread.
    private static final Set<String> written = new TreeSet<>();

    private static String writer = "";

    private Fuse() {}

    static void directory(Path path) {
        directory = path;
    }

    @SuppressWarnings("restricted") // for which the server is started
    private static MethodHandle kill() {
        var linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow("kill"),
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    }

    /// A transaction is about to run a statement of the control plane.
    public static synchronized void statement(String sql) {
        var write = WRITE.matcher(sql);
        if (write.matches() && TABLES.contains(write.group(1))) {
            written.add(write.group(1));
            writer = writer();
        }
    }

    /// Who wants the transaction: the last of the control plane below the database.
    private static String writer() {
        return StackWalker.getInstance()
                .walk(frames ->
                        frames.filter(frame -> frame.getClassName().startsWith("holdfast.control."))
                                .takeWhile(frame ->
                                        !frame.getClassName().equals("holdfast.control.Database"))
                                .reduce((_, last) -> last)
                                .map(frame ->
                                        frame.getClassName().replaceFirst(".*\\.", "")
                                                + '.'
                                                + frame.getMethodName()
                                                        .replaceFirst("lambda\\$(\\w+)\\$.*", "$1"))
                                .orElse("?"));
    }

    /// The database is about to run a statement of its own.
    public static synchronized void before(String sql) {
        if (sql.equals("commit") && isStep()) {
            reached("before " + writer + written);
        }
    }

    /// The database ran it.
    public static synchronized void after(String sql) {
        var step = isStep();
        var name = "after " + writer + written;
        if (sql.startsWith("begin") || sql.equals("commit") || sql.equals("rollback")) {
            written.clear();
        }
        if (sql.equals("commit") && step) {
            reached(name);
        }
    }

    private static boolean isStep() {
        return !written.isEmpty() && !BESIDE.contains(writer);
    }

    /// A step is reached.
    public static synchronized void reached(String step) {
        var armed = directory.resolve("armed");
        var steps = directory.resolve("steps");
        try {
            if (!Files.exists(armed)) {
                return;
            }
            reached = Files.exists(steps) ? reached + 1 : 1; // none when it has just been armed
            Files.writeString(
                    steps,
                    reached + " " + step + "\n",
                    StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
            var wanted = Files.readString(armed);
            if (wanted.equals(Integer.toString(reached)) || wanted.equals(step)) {
                Files.delete(armed);
                end();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void end() {
        try {
            var _ = (int) KILL.invokeExact((int) ProcessHandle.current().pid(), SIGKILL);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
