package holdfast.simulation;

import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.util.concurrent.Executor;

/// What the simulation needs of the JDK's virtual threads beyond their public face: a scheduler of
/// our own beneath them. A virtual thread that another one starts runs on the same scheduler, so
/// one builder is enough for everything that a process starts.
///
/// Needs `--add-opens java.base/java.lang=ALL-UNNAMED`.
final class VirtualThreads {
    private static final Constructor<?> BUILDER;

    static {
        try {
            BUILDER =
                    Class.forName("java.lang.ThreadBuilders$VirtualThreadBuilder")
                            .getDeclaredConstructor(Executor.class);
            BUILDER.setAccessible(true);
        } catch (ReflectiveOperationException | RuntimeException e) {
            throw new IllegalStateException(
                    "needs JDK 25 with --add-opens java.base/java.lang=ALL-UNNAMED", e);
        }
    }

    private static final ClassValue<Field> THREAD_OF =
            new ClassValue<>() {
                @Override
                protected Field computeValue(Class<?> continuation) {
                    var field = continuation.getDeclaredFields()[0];
                    field.setAccessible(true);
                    return field;
                }
            };

    private VirtualThreads() {}

    /// Makes threads whose every step is handed to the executor.
    static Thread.Builder.OfVirtual on(Executor scheduler) {
        try {
            return (Thread.Builder.OfVirtual) BUILDER.newInstance(scheduler);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /// The thread whose step was handed to its executor.
    static Thread of(Runnable step) {
        try {
            return (Thread) THREAD_OF.get(step.getClass()).get(step);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }
}
