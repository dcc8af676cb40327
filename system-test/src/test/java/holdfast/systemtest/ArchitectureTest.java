package holdfast.systemtest;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitAccessTarget;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnitAccess;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.net.SocketImpl;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// The arrows of `ARCHITECTURE.md`, and the seams that let everything run inside a simulation.
class ArchitectureTest {
    private static final String OURS = "holdfast.";

    /// Which modules a module may use. Adding an arrow is a decision: make it here first.
    private static final Map<String, Set<String>> MAY_USE =
            Map.ofEntries(
                    Map.entry("base", Set.of()),
                    Map.entry("format", Set.of("base")),
                    Map.entry("volume", Set.of("base", "format")),
                    Map.entry("tracking", Set.of("base")),
                    Map.entry("replication", Set.of("base", "format", "volume")),
                    Map.entry("nbd", Set.of("base", "format", "volume")),
                    Map.entry("agent", Set.of("base", "format", "tracking", "replication")),
                    Map.entry(
                            "failback",
                            Set.of("base", "format", "tracking", "replication", "agent")),
                    Map.entry("recovery", Set.of("base")),
                    Map.entry(
                            "control",
                            Set.of("base", "format", "volume", "replication", "nbd", "recovery")),
                    // the module api-aws
                    Map.entry(
                            "aws", Set.of("base", "volume", "replication", "recovery", "control")),
                    Map.entry(
                            "server",
                            Set.of(
                                    "aws",
                                    "base",
                                    "format",
                                    "volume",
                                    "replication",
                                    "nbd",
                                    "recovery",
                                    "control")),
                    Map.entry("images", Set.of("base")),
                    Map.entry("demo", Set.of("base", "images")),
                    Map.entry(
                            "cli",
                            Set.of(
                                    "base",
                                    "tracking",
                                    "agent",
                                    "failback",
                                    "server",
                                    "images",
                                    "demo")),
                    Map.entry(
                            "bench",
                            Set.of(
                                    "base",
                                    "control",
                                    "demo",
                                    "images",
                                    "replication",
                                    "server",
                                    "volume")));

    /// What reaches the world past the seams of `holdfast.base`: clocks, waiting, sockets,
    /// programs.
    private static final Set<String> PAST_THE_SEAMS =
            Set.of(
                    "java.time.Instant.now",
                    "java.time.Clock.systemUTC",
                    "java.time.Clock.systemDefaultZone",
                    "java.lang.System.nanoTime",
                    "java.lang.System.currentTimeMillis",
                    "java.lang.Thread.sleep",
                    "java.net.Socket.<init>",
                    "java.net.ServerSocket.<init>",
                    "java.nio.channels.SocketChannel.open",
                    "java.nio.channels.ServerSocketChannel.open",
                    "java.lang.ProcessBuilder.start",
                    "java.lang.Runtime.exec",
                    "java.lang.Math.random",
                    "java.util.concurrent.ThreadLocalRandom.current");

    private static final JavaClasses CLASSES =
            new ClassFileImporter()
                    .withImportOption(new ImportOption.DoNotIncludeTests())
                    .importPackages("holdfast");

    @Test
    void everyModuleHasItsPlaceInTheTable() {
        assertThat(CLASSES.stream().map(ArchitectureTest::module)).isSubsetOf(MAY_USE.keySet());
        assertThat(CLASSES.stream().map(ArchitectureTest::module)).contains("base", "cli");
    }

    @Test
    void modulesUseOnlyWhatTheTableAllows() {
        classes()
                .should(keepTo("the table of modules", ArchitectureTest::forbiddenArrows))
                .check(CLASSES);
    }

    @Test
    void packagesFormNoCycles() {
        slices().matching("holdfast.(*)..").should().beFreeOfCycles().check(CLASSES);
    }

    /// Programs reach the world themselves where it is theirs to do so: in `main`, and in the
    /// seams.
    @Test
    void theWorldIsReachedThroughTheSeams() {
        classes()
                .that()
                .resideOutsideOfPackage("holdfast.base..")
                .should(keepTo("the seams of holdfast.base", ArchitectureTest::forbiddenCalls))
                .check(CLASSES);
    }

    private static Stream<String> forbiddenArrows(JavaClass from) {
        var allowed = MAY_USE.getOrDefault(module(from), Set.of());
        return from.getDirectDependenciesFromSelf().stream()
                .filter(dependency -> dependency.getTargetClass().getName().startsWith(OURS))
                .filter(dependency -> !module(dependency.getTargetClass()).equals(module(from)))
                .filter(dependency -> !allowed.contains(module(dependency.getTargetClass())))
                .map(Object::toString);
    }

    private static Stream<String> forbiddenCalls(JavaClass from) {
        if (from.tryGetMethod("main", String[].class).isPresent()) {
            return Stream.of();
        }
        return Stream.<JavaCodeUnitAccess<? extends CodeUnitAccessTarget>>concat(
                        from.getCodeUnitCallsFromSelf().stream(),
                        from.getCodeUnitReferencesFromSelf().stream())
                .filter(call -> PAST_THE_SEAMS.contains(name(call.getTarget())))
                .filter(call -> !bringsItsOwnNetwork(call.getTarget()))
                .map(Object::toString);
    }

    /// A socket made with a given implementation is a shape for what a seam has opened.
    private static boolean bringsItsOwnNetwork(CodeUnitAccessTarget target) {
        return target.getRawParameterTypes().stream()
                .anyMatch(type -> type.isEquivalentTo(SocketImpl.class));
    }

    private static String name(CodeUnitAccessTarget target) {
        return target.getOwner().getName() + "." + target.getName();
    }

    /// `volume` for `holdfast.volume.journal.Segment`.
    private static String module(JavaClass ours) {
        var name = ours.getName().substring(OURS.length());
        return name.substring(0, name.indexOf('.'));
    }

    private static ArchCondition<JavaClass> keepTo(
            String what, java.util.function.Function<JavaClass, Stream<String>> violations) {
        return new ArchCondition<>("keep to " + what) {
            @Override
            public void check(JavaClass from, ConditionEvents events) {
                violations
                        .apply(from)
                        .forEach(text -> events.add(SimpleConditionEvent.violated(from, text)));
            }
        };
    }
}
