package holdfast.volume;

import holdfast.base.Filesystem;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;

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
        return (Filesystem)
                Proxy.newProxyInstance(
                        Filesystem.class.getClassLoader(),
                        new Class<?>[] {Filesystem.class},
                        (_, method, arguments) -> {
                            if (arguments != null && arguments[0] instanceof Path path) {
                                before.call(method.getName(), path);
                            }
                            try {
                                return method.invoke(files, arguments);
                            } catch (InvocationTargetException e) {
                                throw e.getCause();
                            }
                        });
    }
}
