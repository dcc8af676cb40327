/// Records that travel and are stored, with their codecs: stateless, checked on the way in and out.
@NullMarked
package holdfast.format;

import org.jspecify.annotations.NullMarked;
