package holdfast.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.RefusalException;
import holdfast.recovery.FirewallRule;
import holdfast.recovery.FirewallRule.Protocol;
import holdfast.recovery.Ipv4;
import holdfast.recovery.NetworkSpec;
import holdfast.recovery.Subnet;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NetworkTemplateTest {
    private static final Subnet SUBNET = Subnet.parse("10.1.0.0/16");

    private static final NetworkDescription FULL =
            new NetworkDescription(
                    SUBNET,
                    Ipv4.parse("10.1.0.1"),
                    Optional.of(
                            new NetworkSpec.Range(
                                    Ipv4.parse("10.1.1.0"), Ipv4.parse("10.1.1.255"))),
                    List.of(Ipv4.parse("10.1.0.53"), Ipv4.parse("10.1.0.54")),
                    Optional.of("site.example"),
                    List.of(
                            new FirewallRule(Protocol.TCP, SUBNET, 22, 22),
                            new FirewallRule(Protocol.UDP, Subnet.parse("10.0.0.0/8"), 5000, 5010),
                            new FirewallRule(Protocol.TCP, Subnet.parse("10.2.0.0/16"), 0, 0),
                            new FirewallRule(Protocol.ICMP, SUBNET, 0, 0),
                            new FirewallRule(Protocol.ALL, Subnet.parse("10.1.9.0/24"), 0, 0)),
                    List.of());

    @Test
    void whatIsWrittenIsReadBack() {
        assertThat(NetworkTemplate.read(NetworkTemplate.of(FULL))).isEqualTo(FULL);
        var bare =
                new NetworkDescription(
                        SUBNET,
                        Ipv4.parse("10.1.0.1"),
                        Optional.empty(),
                        List.of(),
                        Optional.empty(),
                        List.of(),
                        List.of());
        assertThat(NetworkTemplate.read(NetworkTemplate.of(bare))).isEqualTo(bare);
    }

    /// As anyone might write it for AWS.
    @Test
    void aTemplateOfAnotherHandIsRead() {
        var read =
                NetworkTemplate.read(
                        """
                        {"Resources": {
                          "V": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.1.0.0/16"}},
                          "S": {"Type": "AWS::EC2::Subnet", "Properties": {
                            "CidrBlock": "10.1.2.0/24", "VpcId": {"Ref": "V"}}},
                          "G": {"Type": "AWS::EC2::SecurityGroup", "Properties": {
                            "GroupDescription": "web", "VpcId": {"Ref": "V"},
                            "SecurityGroupIngress": [{"IpProtocol": "tcp", "CidrIp": "0.0.0.0/0",
                              "FromPort": 80, "ToPort": 80}]}}}}
                        """);
        assertThat(read.subnet()).isEqualTo(Subnet.parse("10.1.2.0/24"));
        assertThat(read.gateway()).isEqualTo(Ipv4.parse("10.1.2.1"));
        assertThat(read.range()).isPresent();
        assertThat(read.rules())
                .containsExactly(new FirewallRule(Protocol.TCP, Subnet.parse("0.0.0.0/0"), 80, 80));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "AWS::EC2::Subnet | AWS::EC2::Instance | which is not made here",
                "\"CidrBlock\" | \"CidrBlok\" | has CidrBlok, which has no effect here",
                "10.1.0.0/16 | 10.1.0.1/16 | not the first address of a subnet",
                "10.1.0.53 | 10.1.0.530 | not an IPv4 address",
                "site.example | site;example | not a proper name of a domain",
                "5010 | 70000 | not ports of a rule",
                "udp | sctp | SCTP",
                "\"10.1.1.0\" | \"10.0.1.0\" | is not an address of a machine in",
                "} | ] | Unexpected"
            })
    void whatCannotBeMadeIsToldByName(String part, String other, String told) {
        var broken = NetworkTemplate.of(FULL).replace(part, other);
        assertThatThrownBy(() -> NetworkTemplate.read(broken))
                .isInstanceOfSatisfying(
                        RefusalException.class,
                        e -> assertThat(e.code()).isEqualTo("malformed-template"))
                .hasMessageContaining(told);
    }
}
