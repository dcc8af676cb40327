package holdfast.bench;

import holdfast.base.TimeSource;
import holdfast.demo.AwsApi;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Asks for pages of source servers as an AWS client does. Safe for any thread.
final class SignedPages implements AutoCloseable {
    private final AwsApi api;
    private final AwsApi.Key key;

    /// @param data the server's directory, for its authority and its first access key
    SignedPages(TimeSource time, String address, Path data) throws IOException {
        this.api = new AwsApi(time, "https://" + address, data);
        this.key = AwsApi.Key.first(data);
    }

    /// One page.
    ///
    /// @param servers their ids
    /// @param next empty on the last one
    record Page(List<String> servers, Optional<String> next) {}

    void initialize() throws IOException, InterruptedException {
        call("InitializeService", "{}");
    }

    Page page(int size, Optional<String> token) throws IOException, InterruptedException {
        return page(fetch(size, token));
    }

    static Page page(String body) {
        var json = JsonMapper.shared().readTree(body);
        return new Page(
                json.required("items").values().stream()
                        .map(server -> server.required("sourceServerID").asString())
                        .toList(),
                Optional.ofNullable(json.get("nextToken")).map(JsonNode::asString));
    }

    /// What was answered, as it came.
    String fetch(int size, Optional<String> token) throws IOException, InterruptedException {
        var request = JsonMapper.shared().createObjectNode().put("maxResults", size);
        token.ifPresent(text -> request.put("nextToken", text));
        return call("DescribeSourceServers", request.toString());
    }

    private String call(String operation, String body) throws IOException, InterruptedException {
        var response = api.call(key, operation, body);
        if (response.statusCode() / 100 != 2) {
            throw new IOException(operation + ": " + response.statusCode() + " " + response.body());
        }
        return response.body();
    }

    @Override
    public void close() {
        api.close();
    }
}
