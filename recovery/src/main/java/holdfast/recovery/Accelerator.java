package holdfast.recovery;

import java.util.Arrays;
import java.util.List;

/// How QEMU runs the guest's instructions, and why so.
///
/// @param reason for people: `no vmx or svm in /proc/cpuinfo`
record Accelerator(Kind kind, String reason) {
    enum Kind {
        /// On the processor itself, by Linux.
        KVM("kvm", "host", "kvm"),
        /// Translated by QEMU, about ten times slower. Its default cache for translated code is too
        /// small for a booting server and thrashes.
        TCG("tcg", "max", "tcg,thread=multi,tb-size=512");

        private final String word;
        private final String cpu;
        private final String option;

        Kind(String word, String cpu, String option) {
            this.word = word;
            this.cpu = cpu;
            this.option = option;
        }

        /// As in [Machine#accelerator].
        String word() {
            return word;
        }

        List<String> arguments() {
            return List.of("-accel", option, "-cpu", cpu);
        }

        static Kind of(String word) {
            return Arrays.stream(values())
                    .filter(kind -> kind.word.equals(word))
                    .findFirst()
                    .orElseThrow(
                            () -> new IllegalArgumentException("no such accelerator: " + word));
        }
    }
}
