package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `holdfast networks` against a server that answers as `docs/api.md` says.
class NetworksTest {
    private static final String NETWORK =
            """
            {"id": "vpc-1", "subnet": "10.0.0.0/24", "gateway": "10.0.0.1", "nameServers": [],
             "rules": [{"protocol": "ALL", "source": "10.0.0.0/24", "fromPort": 0, "toPort": 0}],
             "members": [{"server": "s-1", "hardwareAddress": "52:54:00:00:00:01", "address": "10.0.0.2"}]}
            """;

    @TempDir Path folder;

    private FakeApi api;
    private CommandLineFixture holdfast;

    @BeforeEach
    void start() throws Exception {
        api = new FakeApi(Files.createDirectory(folder.resolve("data")));
        holdfast = new CommandLineFixture(folder).asking(api);
    }

    @AfterEach
    void stop() {
        api.close();
    }

    @Test
    void networksAreListedAndSet() throws Exception {
        api.on("GET /networks", 200, "{\"networks\": [" + NETWORK + "]}")
                .on("PUT /networks/vpc-1", 200, NETWORK);
        assertThat(holdfast.line("networks").out())
                .isEqualTo(
                        """
                        ID     SUBNET       GATEWAY   RULES  SERVERS
                        vpc-1  10.0.0.0/24  10.0.0.1  1      s-1
                        """);
        var file = Files.writeString(folder.resolve("web.json"), "{\"domain\": \"web.example\"}");
        assertThat(holdfast.run("networks", "set", "vpc-1", "--file", file.toString()).status())
                .isEqualTo(ExitStatus.OK);
        assertThat(holdfast.run("networks", "set", "vpc-1", "--file", "absent").err())
                .contains("there is no file absent");
        Files.writeString(file, "[]");
        assertThat(holdfast.run("networks", "set", "vpc-1", "--file", file.toString()).err())
                .contains("is not a JSON object");
        assertThat(holdfast.run("networks", "set", "vpc-1").err()).contains("--file");
    }

    @Test
    void stacksAreImportedListedAndDeleted() throws Exception {
        var stack =
                """
                {"name": "site-b", "network": "vpc-2", "description": {"subnet": "10.1.0.0/24"}}
                """;
        api.on("GET /stacks", 200, "{\"stacks\": [" + stack + "]}")
                .on("POST /stacks", 201, stack)
                .on("DELETE /stacks/site-b", 204, "");
        var file = Files.writeString(folder.resolve("template.json"), "{\"Resources\": {}}");
        assertThat(holdfast.run("networks", "import", "site-b", "--file", file.toString()).out())
                .startsWith("stack site-b made");
        assertThat(holdfast.run("networks", "stacks").out())
                .isEqualTo(
                        """
                        NAME    NETWORK  SUBNET       MADE OF
                        site-b  vpc-2    10.1.0.0/24  a template
                        """);
        assertThat(holdfast.run("networks", "delete-stack", "site-b").out())
                .isEqualTo("site-b deleted\n");
    }
}
