package holdfast.server;

import holdfast.aws.protocol.Call;
import io.helidon.http.Method;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// What each call of the API is called by roles: `holdfast:ListServers`. A call without an action
/// is not let in by an access key, whatever its role.
final class ApiActions {
    static final String SERVICE = "holdfast";

    /// @param pattern of the whole path
    /// @param ofInstallation whether it concerns all accounts, so that the home account's users
    ///   alone may call it
    record Action(String method, Pattern pattern, String name, boolean ofInstallation) {
        /// As roles name it, and whether it does more than look.
        Call call() {
            return new Call(SERVICE + ":" + name, !method.equals(Method.GET_NAME));
        }
    }

    private static final List<Action> ALL =
            List.of(
                    installation("GET", "/metrics", "GetMetrics"),
                    installation("GET", "/api/v1/status", "GetStatus"),
                    installation("POST", "/api/v1/tokens", "CreateToken"),
                    account("GET", "/api/v1/servers", "ListServers"),
                    account("GET", "/api/v1/servers/{}", "GetServer"),
                    account("DELETE", "/api/v1/servers/{}", "RemoveServer"),
                    account("POST", "/api/v1/servers/{}/stop", "StopReplication"),
                    account("POST", "/api/v1/servers/{}/start", "StartReplication"),
                    account("POST", "/api/v1/servers/{}/machine", "AcceptMachine"),
                    account("GET", "/api/v1/servers/{}/points", "ListPoints"),
                    account("PUT", "/api/v1/servers/{}/encryption-key", "SetEncryptionKey"),
                    account("DELETE", "/api/v1/servers/{}/encryption-key", "ResetEncryptionKey"),
                    account("GET", "/api/v1/encryption-keys", "ListEncryptionKeys"),
                    account("POST", "/api/v1/encryption-keys", "CreateEncryptionKey"),
                    account("DELETE", "/api/v1/encryption-keys/{}", "DeleteEncryptionKey"),
                    account("POST", "/api/v1/recoveries", "StartRecovery"),
                    account("GET", "/api/v1/jobs", "ListJobs"),
                    account("GET", "/api/v1/jobs/{}", "GetJob"),
                    account("GET", "/api/v1/instances", "ListInstances"),
                    account("GET", "/api/v1/instances/{}", "GetInstance"),
                    account("DELETE", "/api/v1/instances/{}", "DeleteInstance"),
                    account("POST", "/api/v1/instances/{}/start", "StartInstance"),
                    account("POST", "/api/v1/instances/{}/terminate", "TerminateInstance"),
                    account("POST", "/api/v1/instances/{}/failback", "StartFailbackLaunch"),
                    account("POST", "/api/v1/instances/{}/failback/stop", "StopFailback"),
                    account("POST", "/api/v1/instances/{}/protect", "ProtectInstance"),
                    account("POST", "/api/v1/instances/{}/disconnect", "DisconnectInstance"),
                    account("GET", "/api/v1/instances/{}/console", "GetConsole"),
                    account("GET", "/api/v1/instances/{}/screenshot", "GetScreenshot"),
                    account("POST", "/api/v1/instances/{}/exports", "ExportInstance"),
                    account("GET", "/api/v1/exports", "ListExports"),
                    account("POST", "/api/v1/exports", "CreateExport"),
                    account("DELETE", "/api/v1/exports/{}", "DeleteExport"),
                    account("POST", "/api/v1/verifications", "StartVerification"),
                    installation("POST", "/api/v1/scrubs", "StartScrub"),
                    installation("GET", "/api/v1/networks", "ListNetworks"),
                    installation("GET", "/api/v1/networks/{}", "GetNetwork"),
                    installation("PUT", "/api/v1/networks/{}", "SetNetwork"),
                    installation("GET", "/api/v1/source-networks", "ListSourceNetworks"),
                    installation("GET", "/api/v1/stacks", "ListStacks"),
                    installation("POST", "/api/v1/stacks", "ImportStack"),
                    installation("DELETE", "/api/v1/stacks/{}", "DeleteStack"),
                    installation("GET", "/api/v1/accounts", "ListAccounts"),
                    installation("POST", "/api/v1/accounts", "CreateAccount"),
                    installation("DELETE", "/api/v1/accounts/{}", "DeleteAccount"),
                    installation("PUT", "/api/v1/accounts/{}/shares/{}", "ShareAccount"),
                    installation("DELETE", "/api/v1/accounts/{}/shares/{}", "UnshareAccount"),
                    installation("GET", "/api/v1/users", "ListUsers"),
                    installation("POST", "/api/v1/users", "CreateUser"),
                    installation("PUT", "/api/v1/users/{}", "UpdateUser"),
                    installation("DELETE", "/api/v1/users/{}", "DeleteUser"),
                    installation("GET", "/api/v1/roles", "ListRoles"),
                    installation("GET", "/api/v1/roles/{}", "GetRole"),
                    installation("POST", "/api/v1/roles", "CreateRole"),
                    installation("PUT", "/api/v1/roles/{}", "UpdateRole"),
                    installation("DELETE", "/api/v1/roles/{}", "DeleteRole"),
                    installation("GET", "/api/v1/keys", "ListKeys"),
                    installation("POST", "/api/v1/keys", "CreateKey"),
                    installation("PUT", "/api/v1/keys/{}", "UpdateKey"),
                    installation("POST", "/api/v1/keys/{}/rotate", "RotateKey"),
                    installation("DELETE", "/api/v1/keys/{}", "DeleteKey"),
                    installation("GET", "/api/v1/audit", "ReadAudit"),
                    installation("GET", "/api/v1/audit/verification", "VerifyAudit"),
                    account("GET", "/api/v1/plans", "ListPlans"),
                    account("POST", "/api/v1/plans", "CreatePlan"),
                    account("GET", "/api/v1/plans/{}", "GetPlan"),
                    account("PUT", "/api/v1/plans/{}", "UpdatePlan"),
                    account("DELETE", "/api/v1/plans/{}", "DeletePlan"),
                    account("POST", "/api/v1/plans/{}/steps", "CreatePlanStep"),
                    account("PUT", "/api/v1/plans/{}/steps/{}", "UpdatePlanStep"),
                    account("DELETE", "/api/v1/plans/{}/steps/{}", "DeletePlanStep"),
                    account("PUT", "/api/v1/plans/{}/order", "ReorderPlanSteps"),
                    account("POST", "/api/v1/plans/{}/executions", "StartPlanExecution"),
                    account("GET", "/api/v1/executions", "ListPlanExecutions"),
                    account("GET", "/api/v1/executions/{}", "GetPlanExecution"),
                    account("DELETE", "/api/v1/executions/{}", "DeletePlanExecution"),
                    account("POST", "/api/v1/executions/{}/cancel", "CancelPlanExecution"),
                    account("PUT", "/api/v1/executions/{}/steps/{}", "UpdatePlanExecutionStep"),
                    account(
                            "POST",
                            "/api/v1/executions/{}/steps/{}/retry",
                            "RetryPlanExecutionStep"),
                    account(
                            "POST",
                            "/api/v1/executions/{}/steps/{}/skip",
                            "SkipPlanExecutionStep"));

    private ApiActions() {}

    private static Action account(String method, String path, String name) {
        return new Action(method, pattern(path), name, false);
    }

    private static Action installation(String method, String path, String name) {
        return new Action(method, pattern(path), name, true);
    }

    /// @param path with `{}` for what varies
    private static Pattern pattern(String path) {
        return Pattern.compile(path.replace("{}", "[^/]+") + "/?");
    }

    static List<String> names() {
        return ALL.stream().map(Action::name).toList();
    }

    /// @param rawPath as it came: what is encoded needlessly is no path of ours
    static Optional<Action> of(String method, String rawPath) {
        return ALL.stream()
                .filter(action -> action.method().equals(method))
                .filter(action -> action.pattern().matcher(rawPath).matches())
                .findFirst();
    }
}
