package holdfast.simulation;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.MethodTransform;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.util.function.Consumer;

/// A deliberate bug: one method of the product, changed when its class is loaded. Nothing in the
/// product knows of it.
///
/// @param name says what the bug is
/// @param className of the class that has it
/// @param change to its bytes; fails if there is nothing to change
record Mutation(String name, String className, Change change) {
    /// Makes the bytes of a class those of the class with the bug.
    @FunctionalInterface
    interface Change {
        byte[] apply(byte[] sound, ClassLoader loader);
    }

    /// The method does nothing and returns what the code leaves on the stack.
    static Mutation body(String name, String className, String method, Consumer<CodeBuilder> code) {
        return new Mutation(
                name,
                className,
                (sound, loader) ->
                        changed(
                                sound,
                                loader,
                                method,
                                found ->
                                        (builder, element) -> {
                                            if (element instanceof java.lang.classfile.CodeModel) {
                                                found[0]++;
                                                builder.withCode(code);
                                            } else {
                                                builder.with(element);
                                            }
                                        }));
    }

    /// In the method, calls of another do nothing.
    static Mutation without(String name, String className, String method, String called) {
        return calling(name, className, method, called, 0);
    }

    /// In the method, calls of another do nothing and answer so.
    ///
    /// @param answer where an int or a boolean is asked for; other kinds are zero or null
    static Mutation calling(
            String name, String className, String method, String called, int answer) {
        return new Mutation(
                name,
                className,
                (sound, loader) ->
                        changed(
                                sound,
                                loader,
                                method,
                                found ->
                                        MethodTransform.transformingCode(
                                                replacing(called, answer, found))));
    }

    private static CodeTransform replacing(String called, int answer, int[] found) {
        return (builder, element) -> {
            if (!(element instanceof InvokeInstruction call) || !call.name().equalsString(called)) {
                builder.with(element);
                return;
            }
            found[0]++;
            var type = call.typeSymbol();
            for (var i = type.parameterCount() - 1; i >= 0; i--) {
                pop(builder, type.parameterType(i));
            }
            if (call.opcode() != java.lang.classfile.Opcode.INVOKESTATIC) {
                builder.pop();
            }
            switch (TypeKind.from(type.returnType())) {
                case VOID -> {}
                case LONG -> builder.loadConstant((long) answer);
                case INT, BOOLEAN, BYTE, CHAR, SHORT -> builder.loadConstant(answer);
                case FLOAT -> builder.loadConstant(0f);
                case DOUBLE -> builder.loadConstant(0d);
                case REFERENCE -> builder.aconst_null();
            }
        };
    }

    private static void pop(CodeBuilder builder, ClassDesc type) {
        if (TypeKind.from(type).slotSize() == 2) {
            builder.pop2();
        } else {
            builder.pop();
        }
    }

    private static byte[] changed(
            byte[] sound,
            ClassLoader loader,
            String method,
            java.util.function.Function<int[], MethodTransform> how) {
        var found = new int[1];
        var transform = how.apply(found);
        var file =
                ClassFile.of(
                        ClassFile.ClassHierarchyResolverOption.of(
                                ClassHierarchyResolver.ofResourceParsing(loader)));
        var mutated =
                file.transformClass(
                        file.parse(sound),
                        ClassTransform.transformingMethods(
                                model -> isNamed(model.methodName().stringValue(), method),
                                transform));
        if (found[0] == 0) {
            throw new IllegalStateException("there is nothing to change in " + method);
        }
        return mutated;
    }

    /// Of a lambda the beginning of its name is enough: the compiler numbers them.
    private static boolean isNamed(String name, String method) {
        return method.endsWith("$") ? name.startsWith(method) : name.equals(method);
    }

    @Override
    public String toString() {
        return name;
    }
}
