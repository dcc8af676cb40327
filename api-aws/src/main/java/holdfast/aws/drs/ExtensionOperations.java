package holdfast.aws.drs;

import holdfast.aws.drs.model.Account;
import holdfast.aws.drs.model.CreateExtendedSourceServerRequest;
import holdfast.aws.drs.model.CreateExtendedSourceServerResponse;
import holdfast.aws.drs.model.DrsService;
import holdfast.aws.drs.model.ListExtensibleSourceServersRequest;
import holdfast.aws.drs.model.ListExtensibleSourceServersResponse;
import holdfast.aws.drs.model.ListStagingAccountsRequest;
import holdfast.aws.drs.model.ListStagingAccountsResponse;
import holdfast.aws.drs.model.ReverseReplicationRequest;
import holdfast.aws.drs.model.ReverseReplicationResponse;
import holdfast.aws.drs.model.StagingSourceServer;
import holdfast.aws.protocol.RequestContext;
import holdfast.control.Controller;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// The operations that have source servers made of something else than a machine with an agent: of
/// servers of other accounts, and of recovery instances.
interface ExtensionOperations extends DrsService {
    Controller controller();

    @Override
    default CreateExtendedSourceServerResponse createExtendedSourceServer(
            RequestContext context, CreateExtendedSourceServerRequest request) throws IOException {
        var origin = Ids.serverOf(request.sourceServerArn());
        var tags = Objects.requireNonNullElse(request.tags(), Map.<String, String>of());
        var id = controller().extensions().create(origin.account(), origin.server(), tags);
        var view = controller().servers().get(id);
        return CreateExtendedSourceServerResponse.builder()
                .sourceServer(
                        ServerTranslation.of(controller(), context, List.of(view)).server(view))
                .build();
    }

    @Override
    default ListExtensibleSourceServersResponse listExtensibleSourceServers(
            RequestContext context, ListExtensibleSourceServersRequest request) throws IOException {
        var account = request.stagingAccountID();
        var page =
                Page.of(
                        controller().extensions().extensible(account),
                        one -> one.server().id(),
                        false,
                        request.maxResults(),
                        request.nextToken());
        return ListExtensibleSourceServersResponse.builder()
                .items(
                        page.items().stream()
                                .map(one ->
                                        StagingSourceServer.builder()
                                                .arn(
                                                        Ids.serverArn(
                                                                context,
                                                                account,
                                                                one.server().id()))
                                                .hostname(one.server().hostname())
                                                .tags(one.tags())
                                                .build())
                                .toList())
                .nextToken(page.nextToken())
                .build();
    }

    @Override
    default ReverseReplicationResponse reverseReplication(
            RequestContext context, ReverseReplicationRequest request) throws IOException {
        var server = controller().reversals().create(request.recoveryInstanceID());
        return ReverseReplicationResponse.builder()
                .reversedDirectionSourceServerArn(Ids.serverArn(context, server))
                .build();
    }

    @Override
    default ListStagingAccountsResponse listStagingAccounts(
            RequestContext context, ListStagingAccountsRequest request) throws IOException {
        var page =
                Page.of(
                        controller().extensions().stagingAccounts(),
                        account -> account,
                        false,
                        request.maxResults(),
                        request.nextToken());
        return ListStagingAccountsResponse.builder()
                .accounts(
                        page.items().stream()
                                .map(id -> Account.builder().accountID(id).build())
                                .toList())
                .nextToken(page.nextToken())
                .build();
    }
}
