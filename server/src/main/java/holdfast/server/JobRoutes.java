package holdfast.server;

import holdfast.control.Controller;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.util.Set;

/// `/jobs`, and the calls that make jobs of servers and of the whole installation.
final class JobRoutes implements HttpService {
    private static final int JOBS_MAX = 1000;

    private final Controller controller;

    JobRoutes(Controller controller) {
        this.controller = controller;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.get("/jobs", this::list)
                .get("/jobs/{id}", this::show)
                .post("/recoveries", this::recover)
                .post("/verifications", this::verify)
                .post("/scrubs", this::scrub);
    }

    private void list(ServerRequest request, ServerResponse response) throws IOException {
        var jobs = controller.jobs().list(Api.limit(request, JOBS_MAX));
        Api.send(response, 200, ApiJson.list("jobs", jobs, ApiJson::job));
    }

    private void show(ServerRequest request, ServerResponse response) throws IOException {
        Api.send(response, 200, ApiJson.job(controller.jobs().get(Api.id(request))));
    }

    private void recover(ServerRequest request, ServerResponse response) throws IOException {
        var body = RequestBody.read(request, Set.of("servers", "drill", "at", "point"));
        var job =
                controller.recover(
                        body.texts("servers"), body.flag("drill"), SourceServerRoutes.choice(body));
        Api.send(response, 202, ApiJson.job(job));
    }

    private void verify(ServerRequest request, ServerResponse response) throws IOException {
        var body = RequestBody.read(request, Set.of("server", "at", "point"));
        var job = controller.verify(body.text("server"), SourceServerRoutes.choice(body));
        Api.send(response, 202, ApiJson.job(job));
    }

    private void scrub(ServerRequest request, ServerResponse response) throws IOException {
        Api.send(response, 202, ApiJson.job(controller.scrub()));
    }
}
