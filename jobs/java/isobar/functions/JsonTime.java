package isobar.functions;

import java.nio.charset.StandardCharsets;
import org.apache.flink.table.annotation.DataTypeHint;
import org.apache.flink.table.annotation.FunctionHint;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.functions.ScalarFunction;

/**
 * {@code json_time(value, name)}: the time of one member, found by scanning the bytes; null if there is none.
 *
 * <p>For watermarks, which are computed inside the source, before a record is read: what it overlooks (an escaped name, a
 * second member of the same name) costs a watermark and no record. Whether the record is good is {@link ReadJson}'s to say.
 */
public final class JsonTime extends ScalarFunction {

    private static final long serialVersionUID = 1L;

    private transient StringData known;
    private transient byte[] quoted;

    @FunctionHint(output = @DataTypeHint(value = "TIMESTAMP_LTZ(3)", bridgedTo = TimestampData.class))
    public TimestampData eval(
            byte[] value, @DataTypeHint(value = "STRING", bridgedTo = StringData.class) StringData name) {
        if (value == null) {
            return null;
        }
        if (name != known) {
            quoted = ("\"" + name + "\"").getBytes(StandardCharsets.UTF_8);
            known = name;
        }
        int at = skipBlanks(value, after(value, quoted));
        if (at >= value.length || value[at] != ':') {
            return null;
        }
        int from = skipBlanks(value, at + 1) + 1;
        if (from >= value.length || value[from - 1] != '"') {
            return null;
        }
        int to = from;
        while (to < value.length && value[to] != '"') {
            to++;
        }
        long millis = to < value.length ? UtcTime.parse(value, from, to) : UtcTime.NONE;
        return millis == UtcTime.NONE ? null : TimestampData.fromEpochMillis(millis);
    }

    private static int after(byte[] value, byte[] wanted) {
        int last = value.length - wanted.length;
        for (int at = 0; at <= last; at++) {
            int same = 0;
            while (same < wanted.length && value[at + same] == wanted[same]) {
                same++;
            }
            if (same == wanted.length) {
                return at + same;
            }
        }
        return value.length;
    }

    private static int skipBlanks(byte[] value, int from) {
        int at = from;
        while (at < value.length && (value[at] == ' ' || value[at] == '\t' || value[at] == '\n' || value[at] == '\r')) {
            at++;
        }
        return at;
    }
}
