package holdfast.volume;

import holdfast.base.Filesystem;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// A file system that tells of each call before it makes it.
final class HookedFilesystem {
    private HookedFilesystem() {}

    /// Is told of a call, by the thread that makes it; what it throws is thrown in the call's
    /// place.
    @FunctionalInterface
    interface Before {
        void call(String method, Path path) throws Exception;
    }

    static Filesystem of(Filesystem files, Before before) {
        return proxy(
                Filesystem.class,
                (method, arguments) -> {
                    if (arguments != null && arguments[0] instanceof Path path) {
                        before.call(method.getName(), path);
                    }
                    return call(files, method, arguments);
                });
    }

    /// Tells of what is done to open files, too.
    static Filesystem withOpenFiles(Filesystem files, Before before) {
        var hooked = of(files, before);
        return proxy(
                Filesystem.class,
                (method, arguments) -> {
                    var result = call(hooked, method, arguments);
                    return result instanceof Filesystem.FileHandle file
                            ? openFile(file, (Path) arguments[0], before)
                            : result;
                });
    }

    private static Filesystem.FileHandle openFile(
            Filesystem.FileHandle file, Path path, Before before) {
        return proxy(
                Filesystem.FileHandle.class,
                (method, arguments) -> {
                    before.call(method.getName(), path);
                    return call(file, method, arguments);
                });
    }

    @FunctionalInterface
    private interface Calls {
        @Nullable Object call(Method method, Object @Nullable [] arguments) throws Throwable;
    }

    private static <T> T proxy(Class<T> type, Calls calls) {
        return type.cast(
                Proxy.newProxyInstance(
                        type.getClassLoader(),
                        new Class<?>[] {type},
                        (_, method, arguments) -> calls.call(method, arguments)));
    }

    private static @Nullable Object call(Object of, Method method, Object @Nullable [] arguments)
            throws Throwable {
        try {
            return method.invoke(of, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }
}
