package holdfast.server;

import holdfast.control.Controller;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// `/instances`: recovery instances and the evidence that they booted.
final class InstanceRoutes implements HttpService {
    /// Of a console the end says why a machine does not boot; a screenshot is far smaller.
    private static final int EVIDENCE_BYTES_MAX = 4 << 20;

    private final Controller controller;
    private final ExportRoutes exports;

    InstanceRoutes(Controller controller, ExportRoutes exports) {
        this.controller = controller;
        this.exports = exports;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.get("/", this::list)
                .get("/{id}", this::show)
                .post("/{id}/start", this::start)
                .post("/{id}/terminate", this::terminate)
                .post("/{id}/failback", this::failBack)
                .post("/{id}/failback/stop", this::stopFailback)
                .post("/{id}/protect", this::protect)
                .post("/{id}/exports", exports::createOfInstance)
                .post("/{id}/disconnect", this::disconnect)
                .delete("/{id}", this::delete)
                .get("/{id}/console", this::console)
                .get("/{id}/screenshot", this::screenshot);
    }

    private void list(ServerRequest request, ServerResponse response) throws IOException {
        var instances = controller.instances().list();
        var failbacks = controller.failbacks().all();
        var elsewhere = controller.elsewhere().all();
        Api.send(
                response,
                200,
                ApiJson.list(
                        "instances",
                        instances,
                        instance ->
                                ApiJson.instance(
                                        instance,
                                        Optional.ofNullable(failbacks.get(instance.id())),
                                        Optional.ofNullable(elsewhere.get(instance.id())))));
    }

    private void show(ServerRequest request, ServerResponse response) throws IOException {
        Api.send(
                response,
                200,
                ApiJson.instance(
                        controller.instances().get(Api.id(request)),
                        Optional.of(controller.failbacks().get(Api.id(request))),
                        controller.elsewhere().find(Api.id(request))));
    }

    private void start(ServerRequest request, ServerResponse response) throws IOException {
        Api.send(response, 202, ApiJson.job(controller.instances().start(Api.id(request))));
    }

    private void terminate(ServerRequest request, ServerResponse response) throws IOException {
        Api.send(response, 202, ApiJson.job(controller.instances().terminate(Api.id(request))));
    }

    private void failBack(ServerRequest request, ServerResponse response) throws IOException {
        var job = controller.failbacks().start(List.of(Api.id(request)), Map.of());
        Api.send(response, 202, ApiJson.job(job));
    }

    private void stopFailback(ServerRequest request, ServerResponse response) throws IOException {
        controller.failbacks().stop(Api.id(request));
        response.status(204).send();
    }

    private void protect(ServerRequest request, ServerResponse response) throws IOException {
        var server = controller.reversals().create(Api.id(request));
        Api.send(response, 201, ApiJson.server(controller.servers().get(server)));
    }

    private void disconnect(ServerRequest request, ServerResponse response) throws IOException {
        controller.failbacks().disconnect(Api.id(request));
        response.status(204).send();
    }

    private void delete(ServerRequest request, ServerResponse response) throws IOException {
        controller.instances().delete(Api.id(request));
        response.status(204).send();
    }

    private void console(ServerRequest request, ServerResponse response) throws IOException {
        var proof = controller.instances().get(Api.id(request)).bootProof();
        var file = proof.orElseThrow(() -> none(request, "console")).consoleLog();
        response.header(HeaderNames.CONTENT_TYPE, "text/plain; charset=utf-8")
                .send(evidence(request, "console", file));
    }

    private void screenshot(ServerRequest request, ServerResponse response) throws IOException {
        var proof = controller.instances().get(Api.id(request)).bootProof();
        var file = proof.flatMap(known -> known.screenshot());
        response.header(HeaderNames.CONTENT_TYPE, "image/png")
                .send(
                        evidence(
                                request,
                                "screenshot",
                                file.orElseThrow(() -> none(request, "screenshot"))));
    }

    private static byte[] evidence(ServerRequest request, String what, Path file)
            throws IOException {
        try (var channel = FileChannel.open(file)) {
            var start = Math.max(0, channel.size() - EVIDENCE_BYTES_MAX);
            var buffer = ByteBuffer.allocate((int) (channel.size() - start));
            while (buffer.hasRemaining() && channel.read(buffer, start + buffer.position()) >= 0) {
                // until full or at the end
            }
            return Arrays.copyOf(buffer.array(), buffer.position());
        } catch (NoSuchFileException _) {
            throw none(request, what);
        }
    }

    private static ApiException none(ServerRequest request, String what) {
        return new ApiException(
                404,
                "no-evidence",
                String.format(
                        Locale.ROOT,
                        "there is no %s of %s: evidence is kept once its boot was proven or given up",
                        what,
                        Api.id(request)));
    }
}
