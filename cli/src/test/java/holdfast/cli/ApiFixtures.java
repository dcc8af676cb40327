package holdfast.cli;

/// Answers of the API in the forms of `docs/api.md`.
final class ApiFixtures {
    static final String SERVERS =
            """
            {"servers": [
              {"id": "s-00000000000000001", "hostname": "web-1", "state": "CONTINUOUS",
               "stateReason": "", "lagMillis": 850, "backlogBytes": 0,
               "lastSeenAt": "2026-11-21T15:29:59.900Z",
               "newestPoint": {"id": "p-1", "instant": "2026-11-21T15:29:59.150Z",
                 "durableAt": "2026-11-21T15:29:59.400Z", "round": 77, "frozen": false,
                 "snapshot": false},
               "disks": [{"name": "/dev/vda", "volume": "vol-1", "totalBytes": 42949672960,
                 "replicatedBytes": 42949672960, "rescannedBytes": 0, "backlogBytes": 0}]},
              {"id": "s-00000000000000002", "hostname": "db-1", "state": "INITIAL_SYNC",
               "stateReason": "first copy", "lagMillis": null, "backlogBytes": 16106127360,
               "lastSeenAt": "2026-11-21T15:29:59.950Z", "newestPoint": null,
               "disks": [
                 {"name": "/dev/vda", "volume": "vol-2", "totalBytes": 10737418240,
                  "replicatedBytes": 10737418240, "rescannedBytes": 0, "backlogBytes": 0},
                 {"name": "/dev/vdb", "volume": "vol-3", "totalBytes": 21474836480,
                  "replicatedBytes": 5368709120, "rescannedBytes": 0,
                  "backlogBytes": 16106127360}],
               "bytesPerSecond": 104857600, "sentBytes": 5637144576,
               "changedBytes": 16106127360, "clockSkewMillis": -12,
               "certificateExpiresAt": "2027-11-21T15:00:00.000Z"}
            ]}
            """;

    static final String POINT =
            """
            {"id": "p-1", "instant": "2026-11-21T15:29:59.150Z",
             "durableAt": "2026-11-21T15:29:59.400Z", "round": 77, "frozen": false,
             "snapshot": false}
            """;

    static final String INSTANCE =
            """
            {"id": "i-1", "server": "s-00000000000000001", "drill": true, "state": "RUNNING",
             "reason": "", "point": %s, "accelerator": "tcg", "pid": 4711,
             "launchedAt": "2026-11-21T15:30:00.500Z",
             "bootProof": {"proven": true, "evidence": "login prompt on the console",
               "tookMillis": 12300, "screenshot": true}}
            """
                    .replace("%s", POINT);

    static final String DRILL_PENDING = job("DRILL", "PENDING", "", "[]", "[]", "{}");

    static final String DRILL_STARTED =
            job(
                    "DRILL",
                    "STARTED",
                    "",
                    """
                    [{"server": "s-00000000000000001", "name": "branch",
                      "startedAt": "2026-11-21T15:30:00.010Z",
                      "endedAt": "2026-11-21T15:30:00.044Z", "detail": "1 disk"},
                     {"server": "s-00000000000000001", "name": "boot",
                      "startedAt": "2026-11-21T15:30:00.500Z", "endedAt": null, "detail": ""}]
                    """,
                    "[\"i-1\"]",
                    "{}");

    static final String DRILL_COMPLETED =
            job(
                    "DRILL",
                    "COMPLETED",
                    "",
                    """
                    [{"server": "s-00000000000000001", "name": "branch",
                      "startedAt": "2026-11-21T15:30:00.010Z",
                      "endedAt": "2026-11-21T15:30:00.044Z", "detail": "1 disk"},
                     {"server": "s-00000000000000001", "name": "boot",
                      "startedAt": "2026-11-21T15:30:00.500Z",
                      "endedAt": "2026-11-21T15:30:12.800Z",
                      "detail": "login prompt on the console"}]
                    """,
                    "[\"i-1\"]",
                    "{}");

    private ApiFixtures() {}

    static String job(
            String kind,
            String state,
            String reason,
            String phases,
            String instances,
            String result) {
        return """
        {"id": "j-1", "kind": "%s", "state": "%s", "reason": "%s",
         "createdAt": "2026-11-21T15:30:00.000Z", "endedAt": null,
         "servers": ["s-00000000000000001"], "phases": %s, "instances": %s, "result": %s}
        """
                .replaceFirst("%s", kind)
                .replaceFirst("%s", state)
                .replaceFirst("%s", reason)
                .replaceFirst("%s", phases)
                .replaceFirst("%s", instances)
                .replaceFirst("%s", result);
    }

    static String error(String code, String message) {
        return ApiClient.JSON
                .createObjectNode()
                .put("code", code)
                .put("message", message)
                .toString();
    }
}
