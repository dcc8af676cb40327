package holdfast.hostile;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectPackage;

import com.code_intelligence.jazzer.Jazzer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.discovery.ClassNameFilter;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/// Feeds the decoder of one test with what Jazzer makes of its corpus, guided by the branches that
/// our classes take and the values that they compare; `simulation/fuzz` starts it.
///
/// The test runs as it does in a build, on a thread of its own, up to [HostileInput#feed], which
/// hands its check over to Jazzer's thread and never returns: the process ends with the fuzzing.
public final class GuidedInput {
    private static final String CORPUS = "corpus";

    /// Ours, and those that take what is hostile apart for us: a certificate request is refused in
    /// Bouncy Castle before any branch of ours is taken.
    private static final String INSTRUMENTED =
            "holdfast.**:org.bouncycastle.asn1.**:org.bouncycastle.pkcs.**:tools.jackson.core.**";

    /// What the test hands over, or why it did not come to that.
    private static final CompletableFuture<Feed> HANDED_OVER = new CompletableFuture<>();

    private static volatile boolean guided;

    private record Feed(List<byte[]> corpus, Consumer<byte[]> check) {}

    private GuidedInput() {}

    /// Without arguments, prints all targets, each a line such as
    /// `holdfast.volume.HostileStoreTest#checkpoints`. With a target, a folder and options or files
    /// of libFuzzer's, feeds the target from `corpus` in that folder, which grows, or with the
    /// files only. A finding is written into the folder. Ends the process: with status 0 unless
    /// there was a finding.
    public static void main(String[] args) throws IOException, InterruptedException {
        if (args.length == 0) {
            targets().forEach(System.out::println);
            return;
        }
        var corpus = Files.createDirectories(Path.of(args[1], CORPUS));
        var options = new ArrayList<String>();
        options.add("--target_class=" + GuidedInput.class.getName());
        options.add("--target_args=" + args[0] + " " + corpus);
        options.add("--instrumentation_includes=" + INSTRUMENTED);
        options.add("--instrumentation_excludes=holdfast.hostile.HostileInput*");
        options.add("--custom_hook_includes=holdfast.**");
        options.add("--reproducer_path=" + args[1]);
        options.add("-artifact_prefix=" + args[1] + "/");
        options.add("-timeout=10");
        options.add("-rss_limit_mb=2048");
        options.add("-use_value_profile=1");
        options.add("-print_final_stats=1");
        options.addAll(List.of(args).subList(2, args.length));
        if (options.getLast().startsWith("-")) {
            options.add(corpus.toString());
        }
        Jazzer.main(options.toArray(String[]::new));
    }

    private static List<String> targets() {
        var request =
                LauncherDiscoveryRequestBuilder.request()
                        .selectors(selectPackage("holdfast"))
                        .filters(ClassNameFilter.includeClassNamePatterns(".*\\.Hostile\\w*Test"))
                        .build();
        var plan = LauncherFactory.create().discover(request);
        return plan.getRoots().stream()
                .flatMap(root -> plan.getDescendants(root).stream())
                .filter(TestIdentifier::isTest)
                .flatMap(test -> test.getSource().stream())
                .map(source -> (MethodSource) source)
                .map(method -> method.getClassName() + "#" + method.getMethodName())
                .sorted()
                .toList();
    }

    /// Jazzer calls this before it reads the corpus.
    ///
    /// @param args the target, and the folder of its corpus
    public static void fuzzerInitialize(String[] args) throws IOException {
        guided = true;
        Thread.ofPlatform().daemon().name(args[0]).start(() -> run(selectMethod(args[0])));
        var valid = HANDED_OVER.join().corpus();
        for (var number = 0; number < valid.size(); number++) {
            var input = HostileInput.sealedInput(valid.get(number));
            Files.write(Path.of(args[1], "valid-" + number), input);
        }
    }

    private static void run(DiscoverySelector test) {
        var request = LauncherDiscoveryRequestBuilder.request().selectors(test).build();
        var outcome = new SummaryGeneratingListener();
        LauncherFactory.create().execute(request, outcome);
        var failures = outcome.getSummary().getFailures();
        HANDED_OVER.completeExceptionally(
                failures.isEmpty()
                        ? new IllegalStateException("fed nothing: " + test)
                        : failures.getFirst().getException());
    }

    /// Jazzer calls this with each input.
    public static void fuzzerTestOneInput(byte[] input) {
        HANDED_OVER.join().check().accept(input);
    }

    /// Whether inputs come from Jazzer in this process.
    static boolean isOn() {
        return guided;
    }

    /// Hands over what a test feeds with, and does not return.
    static void feed(List<byte[]> corpus, Consumer<byte[]> check) throws InterruptedException {
        if (!HANDED_OVER.complete(new Feed(corpus, check))) {
            throw new IllegalStateException("a test feeds one decoder");
        }
        Thread.currentThread().join();
    }
}
