import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.apache.flink.api.common.serialization.SerializationSchema;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.dataview.MapView;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.functions.ProcessTableFunction;
import org.apache.flink.table.functions.TableSemantics;
import org.apache.flink.table.types.DataType;
import org.apache.flink.types.Row;
import org.apache.flink.util.Collector;

import isobar.functions.JsonTime;
import isobar.functions.ReadJson;
import isobar.functions.Recent;
import isobar.functions.SeriesHistory;
import isobar.functions.SeriesWindows;
import isobar.functions.StreamedJson;

/**
 * Drives our functions without Flink's runtime: a line of JSON asks, a line answers, so that a test pays for one JVM.
 *
 * <p>What surrounds a function is as strict as the real thing: state is copied on its way in and out (RocksDB
 * serialises it, so what is changed and not put back is gone), a timer that lies at or before the watermark is dropped
 * without a word, timers fire in order and before the next reading, and a restore brings a new function, the old state
 * and timers, and no watermark.
 */
public final class FunctionHarness {

    private static final ObjectMapper JSON = new ObjectMapper();

    public static void main(String[] arguments) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        String line;
        while ((line = in.readLine()) != null) {
            JsonNode asked = JSON.readTree(line);
            Map<String, Object> answer = new HashMap<>();
            try {
                answer.put("answer", answer(asked));
            } catch (Throwable error) { // whatever it is, it is the test's to judge
                answer.put("error", error.toString());
            }
            out.println(JSON.writeValueAsString(answer));
        }
    }

    private static Object answer(JsonNode asked) throws Exception {
        return switch (asked.get("function").asText()) {
            case "read_json" -> readJson(asked);
            case "json_time" -> jsonTime(asked);
            case "streamed_json" -> streamedJson(asked);
            case "series_history" -> new HistorySeries(asked).run();
            case "series_windows" -> new WindowSeries(asked).run();
            default -> throw new IllegalArgumentException(asked.toString());
        };
    }

    // ---- functions without state ----

    private static Object readJson(JsonNode asked) throws Exception {
        ReadJson function = new ReadJson();
        function.open(null);
        Rows rows = new Rows();
        function.setCollector(rows);
        StringData schema = StringData.fromString(asked.get("schema").asText());
        for (JsonNode value : asked.get("values")) {
            function.eval(bytes(value), schema);
        }
        return rows.taken();
    }

    private static Object jsonTime(JsonNode asked) throws Exception {
        JsonTime function = new JsonTime();
        StringData name = StringData.fromString(asked.get("name").asText());
        List<Object> times = new ArrayList<>();
        for (JsonNode value : asked.get("values")) {
            times.add(plain(function.eval(bytes(value), name)));
        }
        return times;
    }

    /** Reads each value and writes what was read. */
    private static Object streamedJson(JsonNode asked) throws Exception {
        List<DataTypes.Field> columns = new ArrayList<>();
        for (String declared : asked.get("schema").asText().split(", ")) {
            String[] words = declared.split(" ");
            columns.add(DataTypes.FIELD(words[0], switch (words[1]) {
                case "STRING" -> DataTypes.STRING();
                case "DOUBLE" -> DataTypes.DOUBLE();
                case "INT" -> DataTypes.INT();
                case "BIGINT" -> DataTypes.BIGINT();
                case "BOOLEAN" -> DataTypes.BOOLEAN();
                default -> DataTypes.TIMESTAMP_LTZ(3);
            }));
        }
        SerializationSchema<RowData> writer = new StreamedJson()
                .createEncodingFormat(null, null)
                .createRuntimeEncoder(null, DataTypes.ROW(columns));
        writer.open(null);
        ReadJson reader = new ReadJson();
        reader.open(null);
        List<String> written = new ArrayList<>();
        reader.setCollector(new Collector<>() {
            @Override
            public void collect(RowData row) {
                written.add(Base64.getEncoder().encodeToString(writer.serialize(row)));
            }

            @Override
            public void close() {}
        });
        StringData schema = StringData.fromString(asked.get("schema").asText());
        for (JsonNode value : asked.get("values")) {
            reader.eval(bytes(value), schema);
        }
        return written;
    }

    private static byte[] bytes(JsonNode value) {
        return value.isNull() ? null : Base64.getDecoder().decode(value.asText());
    }

    /** What a function has collected, as JSON has it: times in milliseconds since 1970. */
    private static final class Rows implements Collector<RowData> {

        private List<List<Object>> rows = new ArrayList<>();

        @Override
        public void collect(RowData row) {
            GenericRowData fields = (GenericRowData) row;
            List<Object> plain = new ArrayList<>();
            for (int index = 0; index < fields.getArity(); index++) {
                plain.add(plain(fields.getField(index)));
            }
            rows.add(plain);
        }

        @Override
        public void close() {}

        List<List<Object>> taken() {
            List<List<Object>> taken = rows;
            rows = new ArrayList<>();
            return taken;
        }
    }

    private static Object plain(Object value) {
        if (value instanceof TimestampData time) {
            return time.getMillisecond();
        }
        return value instanceof StringData ? value.toString() : value;
    }

    // ---- state ----

    /** A map whose values are copied, as a state backend does that serialises them. */
    public static final class CopyingView<K, V> extends MapView<K, V> {

        @Override
        public V get(K key) throws Exception {
            return copy(super.get(key));
        }

        @Override
        public void put(K key, V value) throws Exception {
            super.put(key, copy(value));
        }
    }

    @SuppressWarnings("unchecked")
    private static <T> T copy(T value) {
        if (value == null || !value.getClass().isArray()) {
            return value;
        }
        int length = Array.getLength(value);
        Object copied = Array.newInstance(value.getClass().getComponentType(), length);
        System.arraycopy(value, 0, copied, 0, length);
        return (T) copied;
    }

    /** An object of public fields, taken apart and put together again. */
    private static <T> T rebuilt(T state) throws Exception {
        @SuppressWarnings("unchecked")
        T rebuilt = (T) state.getClass().getConstructor().newInstance();
        for (Field field : state.getClass().getFields()) {
            field.set(rebuilt, copy(field.get(state)));
        }
        return rebuilt;
    }

    // ---- functions with state ----

    /** One series; steps are {@code ["reading", at, revision, value…]}, {@code ["watermark", at]}, {@code ["restore"]}. */
    private abstract static class Series {

        final JsonNode asked;
        final Rows rows = new Rows();
        final TreeSet<Long> timers = new TreeSet<>();
        final int variables;
        long watermark = Long.MIN_VALUE;

        Series(JsonNode asked) {
            this.asked = asked;
            this.variables = text("variables").split(", ").length;
        }

        abstract void restore() throws Exception;

        abstract void reading(Context context, Row row) throws Exception;

        void timer(Context context) throws Exception {
            throw new IllegalStateException("nobody asked for a timer");
        }

        /** What is kept after a step, for tests that it is little. */
        abstract Object kept() throws Exception;

        final String text(String name) {
            return asked.get(name).asText();
        }

        final int number(String name) {
            return asked.get(name).asInt();
        }

        final Object run() throws Exception {
            restore();
            List<Object> answers = new ArrayList<>();
            for (JsonNode step : asked.get("steps")) {
                switch (step.get(0).asText()) {
                    case "reading" -> reading(new Context(null), row(step));
                    case "watermark" -> advance(step.get(1).asLong());
                    case "restore" -> {
                        watermark = Long.MIN_VALUE;
                        restore();
                    }
                    default -> throw new IllegalArgumentException(step.toString());
                }
                Map<String, Object> answer = new HashMap<>();
                answer.put("rows", rows.taken());
                answer.put("kept", kept());
                answer.put("timers", timers.size());
                answers.add(answer);
            }
            return answers;
        }

        private void advance(long to) throws Exception {
            if (to <= watermark) {
                return;
            }
            watermark = to;
            while (!timers.isEmpty() && timers.first() <= to) {
                timer(new Context(timers.pollFirst()));
            }
        }

        private Row row(JsonNode step) {
            Row row = new Row(2 + variables);
            row.setField(0, Instant.ofEpochMilli(step.get(1).asLong()));
            row.setField(1, step.get(2).asInt());
            for (int variable = 0; variable < variables; variable++) {
                JsonNode value = step.get(3 + variable);
                row.setField(2 + variable, value.isNull() ? null : value.asDouble());
            }
            return row;
        }

        /** Flink's context as far as the functions use it. */
        final class Context
                implements ProcessTableFunction.OnTimerContext, ProcessTableFunction.TimeContext<Long>, TableSemantics {

            private final Long time;

            Context(Long time) {
                this.time = time;
            }

            @Override
            @SuppressWarnings("unchecked")
            public <T> ProcessTableFunction.TimeContext<T> timeContext(Class<T> type) {
                return (ProcessTableFunction.TimeContext<T>) this;
            }

            @Override
            public Long time() {
                return time;
            }

            @Override
            public Long currentWatermark() {
                return watermark == Long.MIN_VALUE ? null : watermark;
            }

            @Override
            public void registerOnTime(Long at) {
                if (at > watermark) {
                    timers.add(at);
                }
            }

            @Override
            public TableSemantics tableSemanticsFor(String name) {
                return this;
            }

            @Override
            public DataType dataType() {
                List<DataTypes.Field> fields = new ArrayList<>();
                fields.add(DataTypes.FIELD("observed_at", DataTypes.TIMESTAMP_LTZ(3)));
                fields.add(DataTypes.FIELD("revision", DataTypes.INT()));
                for (String name : text("variables").split(", ")) {
                    fields.add(DataTypes.FIELD(name, DataTypes.DOUBLE()));
                }
                return DataTypes.ROW(fields);
            }

            @Override
            public void registerOnTime(String name, Long at) {
                throw new UnsupportedOperationException();
            }

            @Override
            public void clearTimer(String name) {
                throw new UnsupportedOperationException();
            }

            @Override
            public void clearTimer(Long at) {
                throw new UnsupportedOperationException();
            }

            @Override
            public void clearAllTimers() {
                throw new UnsupportedOperationException();
            }

            @Override
            public void clearState(String name) {
                throw new UnsupportedOperationException();
            }

            @Override
            public void clearAllState() {
                throw new UnsupportedOperationException();
            }

            @Override
            public void clearAll() {
                throw new UnsupportedOperationException();
            }

            @Override
            public ChangelogMode getChangelogMode() {
                throw new UnsupportedOperationException();
            }

            @Override
            public String currentTimer() {
                return null;
            }

            @Override
            public int[] partitionByColumns() {
                throw new UnsupportedOperationException();
            }

            @Override
            public int[] orderByColumns() {
                throw new UnsupportedOperationException();
            }

            @Override
            public int timeColumn() {
                throw new UnsupportedOperationException();
            }

            @Override
            public Optional<ChangelogMode> changelogMode() {
                throw new UnsupportedOperationException();
            }
        }
    }

    private static final class HistorySeries extends Series {

        private final MapView<Long, double[]> arrays = new CopyingView<>();
        private final MapView<Integer, double[]> baselines = new CopyingView<>();
        private Recent recent = new Recent();
        private SeriesHistory function;

        HistorySeries(JsonNode asked) {
            super(asked);
        }

        @Override
        void restore() {
            function = new SeriesHistory();
            function.setCollector(rows);
        }

        @Override
        void reading(Context context, Row row) throws Exception {
            recent = rebuilt(recent);
            function.eval(
                    context,
                    recent,
                    arrays,
                    baselines,
                    row,
                    StringData.fromString(text("tracked")),
                    StringData.fromString(text("usual")),
                    number("baseline_values"),
                    number("lateness_seconds"),
                    number("retention_hours"));
        }

        @Override
        Object kept() throws Exception {
            return Map.of("moments", moments(arrays, 2), "baselines", baselines.getMap().size());
        }
    }

    private static final class WindowSeries extends Series {

        private final MapView<Long, double[]> arrays = new CopyingView<>();
        private final MapView<Long, double[]> windows = new CopyingView<>();
        private SeriesWindows.Progress progress = new SeriesWindows.Progress();
        private SeriesWindows function;

        WindowSeries(JsonNode asked) {
            super(asked);
        }

        @Override
        void restore() {
            function = new SeriesWindows();
            function.setCollector(rows);
        }

        @Override
        void reading(Context context, Row row) throws Exception {
            progress = rebuilt(progress);
            function.eval(
                    context,
                    progress,
                    arrays,
                    windows,
                    row,
                    StringData.fromString(text("variables")),
                    StringData.fromString(text("kinds")),
                    number("retention_hours"));
        }

        @Override
        void timer(Context context) throws Exception {
            progress = rebuilt(progress);
            function.onTimer(context, progress, arrays, windows);
        }

        @Override
        Object kept() throws Exception {
            int width = 2 + text("variables").split(",").length;
            return Map.of("moments", moments(arrays, width), "windows", List.copyOf(windows.getMap().keySet()));
        }
    }

    /** Of Readings, whose arrays hold so many hours. */
    private static final long SPAN_MS = 6 * 3_600_000L;

    /** When the readings were made that a series keeps. */
    private static List<Long> moments(MapView<Long, double[]> arrays, int width) {
        List<Long> moments = new ArrayList<>();
        arrays.getMap().forEach((span, array) -> {
            for (int at = 0; at < array.length; at += width) {
                moments.add(span * SPAN_MS + (long) array[at]);
            }
        });
        return moments;
    }
}
