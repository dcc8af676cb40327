package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What `./run-tests` makes of the reports: no failure may be counted as anything else.
class TotalsTest {
    private static final String REPORT =
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuite version="3.0.2" name="a.B" tests="5" errors="1" skipped="1" failures="1">
              <properties>
                <property name="tests" value="77"/>
              </properties>
              <testcase name="passes" classname="a.B" time="0.1"/>
              <testcase name="fails" classname="a.B" time="0.1">
                <failure message="5 &lt; 6" type="x"><![CDATA[expected tests="9"]]></failure>
              </testcase>
              <testcase name="breaks" classname="a.B" time="0.1">
                <error type="x">boom</error>
              </testcase>
              <testcase name="isLeftOut" classname="a.B" time="0">
                <skipped message="needs root"/>
              </testcase>
              <testcase name="passesToo" classname="a.B" time="0"/>
            </testsuite>
            """;

    @TempDir Path folder;

    @Test
    void totalsAreSummedAndWhatDidNotPassIsNamed() throws IOException {
        var one = Files.writeString(folder.resolve("TEST-a.B.xml"), REPORT);
        var two = Files.writeString(folder.resolve("TEST-a.C.xml"), REPORT.replace("a.B", "a.C"));
        var awk =
                new ProcessBuilder(
                                "awk",
                                "-f",
                                Checkout.root().resolve("scripts/totals.awk").toString(),
                                one.toString(),
                                two.toString())
                        .redirectErrorStream(true)
                        .start();
        assertThat(new String(awk.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .isEqualTo(
                        """
                        failed: a.B.fails
                        failed: a.B.breaks
                        skipped: a.B.isLeftOut needs root
                        failed: a.C.fails
                        failed: a.C.breaks
                        skipped: a.C.isLeftOut needs root
                        4 4 2
                        """);
    }
}
