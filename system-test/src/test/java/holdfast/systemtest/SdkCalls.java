package holdfast.systemtest;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Locale;
import java.util.Optional;
import software.amazon.awssdk.core.SdkField;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.protocol.MarshallingType;
import software.amazon.awssdk.core.traits.ListTrait;
import software.amazon.awssdk.core.traits.MapTrait;
import software.amazon.awssdk.http.ExecutableHttpRequest;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.services.drs.DrsClient;
import software.amazon.awssdk.services.drs.model.DrsException;
import software.amazon.awssdk.utils.builder.Buildable;
import tools.jackson.databind.JsonNode;

/// Calls operations of the SDK for Java by their names, with requests in JSON.
final class SdkCalls {
    private SdkCalls() {}

    static boolean knows(String operation) {
        try {
            type(operation);
            return true;
        } catch (ClassNotFoundException _) {
            return false;
        }
    }

    private static Class<?> type(String operation) throws ClassNotFoundException {
        return Class.forName(DrsException.class.getPackageName() + "." + operation + "Request");
    }

    /// @return what was thrown, if anything was
    static Optional<DrsException> call(DrsClient client, String operation, JsonNode request)
            throws ReflectiveOperationException {
        var type = type(operation);
        var name = operation.substring(0, 1).toLowerCase(Locale.ROOT) + operation.substring(1);
        try {
            DrsClient.class
                    .getMethod(name, type)
                    .invoke(
                            client,
                            built((SdkPojo) type.getMethod("builder").invoke(null), request));
            return Optional.empty();
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof DrsException told) {
                return Optional.of(told);
            }
            throw e;
        }
    }

    private static Object built(SdkPojo builder, JsonNode json) {
        for (var field : builder.sdkFields()) {
            var value = json.get(field.memberName());
            if (value != null) {
                field.set(builder, value(field, value));
            }
        }
        return ((Buildable) builder).build();
    }

    private static Object value(SdkField<?> field, JsonNode json) {
        var type = field.marshallingType();
        if (type == MarshallingType.SDK_POJO) {
            return built(field.constructor().get(), json);
        }
        if (type == MarshallingType.LIST) {
            var member = field.getTrait(ListTrait.class).memberFieldInfo();
            var list = new ArrayList<Object>();
            json.forEach(element -> list.add(value(member, element)));
            return list;
        }
        if (type == MarshallingType.MAP) {
            var member = field.getTrait(MapTrait.class).valueFieldInfo();
            var map = new HashMap<String, Object>();
            json.properties()
                    .forEach(entry -> map.put(entry.getKey(), value(member, entry.getValue())));
            return map;
        }
        if (type == MarshallingType.BOOLEAN) {
            return json.asBoolean();
        }
        if (type == MarshallingType.INTEGER) {
            return json.asInt();
        }
        return type == MarshallingType.LONG ? (Object) json.asLong() : json.asString();
    }

    /// What is done between two requests.
    @FunctionalInterface
    interface Between {
        void run() throws IOException;
    }

    /// Sends each request twice, as whoever has seen it on the way might, and gives the second
    /// answer.
    ///
    /// @param between is done between both
    record Twice(SdkHttpClient real, Between between) implements SdkHttpClient {
        @Override
        public ExecutableHttpRequest prepareRequest(HttpExecuteRequest request) {
            return new ExecutableHttpRequest() {
                @Override
                public HttpExecuteResponse call() throws IOException {
                    var first = real.prepareRequest(request).call();
                    var body = first.responseBody();
                    if (body.isPresent()) {
                        body.get().readAllBytes();
                    }
                    between.run();
                    return real.prepareRequest(request).call();
                }

                @Override
                public void abort() {}
            };
        }

        @Override
        public void close() {
            real.close();
        }
    }
}
