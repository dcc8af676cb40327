package holdfast.systemtest;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.MethodModel;
import java.lang.classfile.MethodTransform;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.ReturnInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.ProtectionDomain;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;

/// Has a server tell its [Fuse] of each step, by changing a few methods when their classes are
/// loaded. A Java agent (`-javaagent`), whose argument is the fuse's directory.
public final class FuseAgent {
    private static final ClassDesc FUSE = ClassDesc.of("holdfast.systemtest.Fuse");
    private static final MethodTypeDesc TOLD =
            MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_String);

    /// What jobs do to the world, a step each time it is done.
    private static final Map<String, Set<String>> EFFECTS =
            Map.of(
                    "holdfast/volume/JournalStore", Set.of("branch", "delete"),
                    "holdfast/recovery/QemuHost", Set.of("launch", "terminate"),
                    "holdfast/recovery/MachineFiles", Set.of("prepare", "remove"),
                    "holdfast/recovery/ProofRecord", Set.of("write"));

    private FuseAgent() {}

    /// Makes the file that `-javaagent` wants; this class itself is on the class path.
    static void pack(Path jar) throws IOException {
        var manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes()
                .put(new Attributes.Name("Premain-Class"), FuseAgent.class.getName());
        new JarOutputStream(Files.newOutputStream(jar), manifest).close();
    }

    public static void premain(String argument, Instrumentation instrumentation) {
        Fuse.directory(Path.of(argument));
        instrumentation.addTransformer(
                new ClassFileTransformer() {
                    @Override
                    public byte[] transform(
                            ClassLoader loader,
                            String name,
                            Class<?> redefined,
                            ProtectionDomain domain,
                            byte[] bytes) {
                        return changed(loader, name, bytes);
                    }
                });
    }

    @SuppressWarnings("ReturnsNullCollection") // which means: as it was
    private static byte[] changed(ClassLoader loader, String name, byte[] bytes) {
        try {
            return switch (name) {
                case "holdfast/control/Transaction" ->
                        transformed(loader, bytes, Set.of("execute"), _ -> statements());
                case "holdfast/control/Database" ->
                        transformed(
                                loader, bytes, Set.of("delimit", "execute"), _ -> ownStatements());
                case "holdfast/recovery/QemuHost" ->
                        transformed(
                                loader,
                                transformed(loader, bytes, EFFECTS.get(name), m -> effect(name, m)),
                                Set.of("run"),
                                _ -> startOfQemu());
                default ->
                        EFFECTS.containsKey(name)
                                ? transformed(
                                        loader, bytes, EFFECTS.get(name), m -> effect(name, m))
                                : null;
            };
        } catch (RuntimeException e) {
            // The JVM would go on with the class as it was, and the test would prove nothing.
            System.err.println("fuse: " + name + ": " + e);
            Runtime.getRuntime().halt(1);
            throw e;
        }
    }

    private static byte[] transformed(
            ClassLoader loader,
            byte[] bytes,
            Set<String> methods,
            java.util.function.Function<String, CodeTransform> how) {
        var file =
                ClassFile.of(
                        ClassFile.ClassHierarchyResolverOption.of(
                                ClassHierarchyResolver.ofResourceParsing(loader)));
        var model = file.parse(bytes);
        Predicate<MethodModel> wanted =
                method -> methods.contains(method.methodName().stringValue());
        var found = model.methods().stream().filter(wanted).map(m -> m.methodName().stringValue());
        if (!Set.copyOf(found.toList()).equals(methods)) {
            throw new IllegalStateException("there is none of " + methods);
        }
        return file.transformClass(
                model,
                (builder, element) -> {
                    if (element instanceof MethodModel method && wanted.test(method)) {
                        var transform =
                                MethodTransform.transformingCode(
                                        how.apply(method.methodName().stringValue()));
                        builder.transformMethod(method, transform);
                    } else {
                        builder.with(element);
                    }
                });
    }

    private static void tell(CodeBuilder code, String how) {
        code.invokestatic(FUSE, how, TOLD);
    }

    private static CodeTransform statements() {
        return new CodeTransform() {
            @Override
            public void atStart(CodeBuilder code) {
                code.aload(1);
                tell(code, "statement");
            }

            @Override
            public void accept(CodeBuilder code, CodeElement element) {
                code.with(element);
            }
        };
    }

    private static CodeTransform ownStatements() {
        return new CodeTransform() {
            @Override
            public void atStart(CodeBuilder code) {
                code.aload(1);
                tell(code, "before");
            }

            @Override
            public void accept(CodeBuilder code, CodeElement element) {
                if (element instanceof ReturnInstruction) {
                    code.aload(1);
                    tell(code, "after");
                }
                code.with(element);
            }
        };
    }

    private static CodeTransform effect(String owner, String method) {
        var name = owner.replaceFirst(".*/", "") + '.' + method;
        return (code, element) -> {
            if (element instanceof ReturnInstruction) {
                code.loadConstant("after " + name);
                tell(code, "reached");
            }
            code.with(element);
        };
    }

    /// The process is there, and nobody has heard of it yet.
    private static CodeTransform startOfQemu() {
        return (code, element) -> {
            code.with(element);
            if (element instanceof InvokeInstruction call && call.name().equalsString("start")) {
                code.loadConstant("after the start of QEMU");
                tell(code, "reached");
            }
        };
    }
}
