package isobar.functions;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.api.dataview.MapView;
import org.apache.flink.table.catalog.DataTypeFactory;
import org.apache.flink.table.data.GenericArrayData;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.functions.ProcessTableFunction;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.inference.CallContext;
import org.apache.flink.table.types.inference.StateTypeStrategy;
import org.apache.flink.table.types.inference.StaticArgument;
import org.apache.flink.table.types.inference.StaticArgumentTrait;
import org.apache.flink.table.types.inference.TypeInference;
import org.apache.flink.types.Row;

/**
 * {@code series_history(readings => TABLE … PARTITION BY …, …)}: every reading with what its series says of it.
 *
 * <p>One keyed operator answers all that needs memory: whether a reading arrives for the first time, what came before it,
 * what is usual at its hour, and how its windows stand now. It decides nothing: limits, formulas and verdicts are the
 * query's. A series' readings stay in order, nothing waits for a watermark, and state is bounded by event time: what is
 * {@code retention_hours} older than the newest reading of its series is taken out, and a reading as old as that can no
 * longer be told from a repeat, so it is only called late.
 *
 * <p>Readings must have {@code observed_at TIMESTAMP_LTZ(3)} and {@code revision INT}. Arguments: {@code tracked}, the
 * variables to compare with earlier ones; {@code summed}, those that windows add up; {@code windows}, see {@link Windows};
 * {@code baseline_values} of the same hour of day; {@code lateness_seconds} after the end of an hour from which on a
 * reading of it is late.
 */
public final class SeriesHistory extends ProcessTableFunction<RowData> {

    private static final long serialVersionUID = 1L;

    private static final long DAY_MS = 24 * Windows.HOUR_MS;

    /** So long after its end a window's sums are kept; what still comes to it then makes them anew from the readings. */
    private static final long OPEN_MS = 3 * Windows.HOUR_MS;

    private static final int TRACKED = 1;
    private static final int SUMMED = 2;

    /** first_arrival, newest, late, previous_at. */
    private static final int HEAD = 4;

    /** window_kind, window_hours, window_start, window_revision, observations. */
    private static final int WINDOW_HEAD = 5;

    /** previous, since, readings, usual count, mean and deviation. */
    private static final int TRACKED_WIDTH = 6;

    private transient Layout layout;

    @Override
    public TypeInference getTypeInference(DataTypeFactory types) {
        LinkedHashMap<String, StateTypeStrategy> state = new LinkedHashMap<>();
        DataType doubles = DataTypes.ARRAY(DataTypes.DOUBLE().notNull()).notNull().bridgedTo(double[].class);
        state.put("recent", always(types.createDataType(Recent.class)));
        state.put("readings", always(MapView.newMapViewDataType(DataTypes.BIGINT().notNull(), doubles)));
        state.put("windows", always(MapView.newMapViewDataType(DataTypes.BIGINT().notNull(), doubles)));
        state.put("baselines", always(MapView.newMapViewDataType(DataTypes.INT().notNull(), doubles)));
        EnumSet<StaticArgumentTrait> keyed = EnumSet.of(
                StaticArgumentTrait.TABLE,
                StaticArgumentTrait.SET_SEMANTIC_TABLE,
                StaticArgumentTrait.PASS_COLUMNS_THROUGH);
        DataType text = DataTypes.STRING().bridgedTo(StringData.class);
        DataType number = DataTypes.INT().notNull().bridgedTo(int.class);
        return TypeInference.newBuilder()
                .staticArguments(
                        StaticArgument.table("series", Row.class, false, keyed),
                        StaticArgument.scalar("tracked", text, false),
                        StaticArgument.scalar("summed", text, false),
                        StaticArgument.scalar("kinds", text, false),
                        StaticArgument.scalar("baseline_values", number, false),
                        StaticArgument.scalar("lateness_seconds", number, false),
                        StaticArgument.scalar("retention_hours", number, false))
                .stateTypeStrategies(state)
                .outputTypeStrategy(call -> Optional.of(rowType(literal(call, TRACKED), literal(call, SUMMED))))
                .build();
    }

    private static StateTypeStrategy always(DataType type) {
        // zero, said aloud: left out, Flink 2.2 takes it for a time to live of 292 million years, and each access to
        // state looks for what has expired, which made this function ten times slower
        return StateTypeStrategy.of(call -> Optional.of(type), Duration.ZERO);
    }

    private static String[] literal(CallContext call, int position) {
        String text = call.getArgumentValue(position, String.class)
                .orElseThrow(() -> call.newValidationError("the lists of variables must be literals"));
        return text.split("\\s*,\\s*");
    }

    private static DataType rowType(String[] tracked, String[] summed) {
        List<DataTypes.Field> columns = new ArrayList<>();
        columns.add(DataTypes.FIELD("first_arrival", DataTypes.BOOLEAN().notNull()));
        columns.add(DataTypes.FIELD("newest", DataTypes.BOOLEAN().notNull()));
        columns.add(DataTypes.FIELD("late", DataTypes.BOOLEAN().notNull()));
        columns.add(DataTypes.FIELD("previous_at", DataTypes.TIMESTAMP_LTZ(3)));
        for (String name : tracked) {
            columns.add(DataTypes.FIELD(name + "_previous", DataTypes.DOUBLE()));
            columns.add(DataTypes.FIELD(name + "_since", DataTypes.TIMESTAMP_LTZ(3)));
            columns.add(DataTypes.FIELD(name + "_readings", DataTypes.INT()));
            columns.add(DataTypes.FIELD(name + "_usual_count", DataTypes.INT()));
            columns.add(DataTypes.FIELD(name + "_usual_mean", DataTypes.DOUBLE()));
            columns.add(DataTypes.FIELD(name + "_usual_deviation", DataTypes.DOUBLE()));
        }
        List<DataTypes.Field> window = new ArrayList<>();
        window.add(DataTypes.FIELD("window_kind", DataTypes.STRING()));
        window.add(DataTypes.FIELD("window_hours", DataTypes.INT()));
        window.add(DataTypes.FIELD("window_start", DataTypes.TIMESTAMP_LTZ(3)));
        window.add(DataTypes.FIELD("window_revision", DataTypes.BIGINT()));
        window.add(DataTypes.FIELD("observations", DataTypes.BIGINT()));
        for (String name : summed) {
            window.add(DataTypes.FIELD(name + "_count", DataTypes.BIGINT()));
            window.add(DataTypes.FIELD(name + "_sum", DataTypes.DOUBLE()));
            window.add(DataTypes.FIELD(name + "_min", DataTypes.DOUBLE()));
            window.add(DataTypes.FIELD(name + "_max", DataTypes.DOUBLE()));
        }
        columns.add(DataTypes.FIELD("changed_windows", DataTypes.ARRAY(DataTypes.ROW(window))));
        return DataTypes.ROW(columns).bridgedTo(RowData.class);
    }

    /** Where the columns are, and what the arguments say: the same for every call of an operator. */
    private static final class Layout {

        final int observedAt;
        final int revision;
        final int[] tracked;
        final int[] summed;
        final Windows windows;
        final StringData[] kinds;
        final int width;

        Layout(DataType input, StringData tracked, StringData summed, StringData kinds, int retentionHours) {
            List<String> names = DataType.getFieldNames(input);
            observedAt = column(names, "observed_at");
            revision = column(names, "revision");
            this.tracked = columns(names, tracked);
            this.summed = columns(names, summed);
            windows = new Windows(kinds.toString());
            this.kinds = windows.kinds.stream()
                    .map(kind -> StringData.fromString(kind.name()))
                    .toArray(StringData[]::new);
            width = HEAD + TRACKED_WIDTH * this.tracked.length + 1;
            if (retentionHours <= windows.longestHours()) {
                throw new ValidationException("expected retention_hours above the longest window of "
                        + windows.longestHours() + " h, found " + retentionHours);
            }
        }

        private static int column(List<String> names, String name) {
            int index = names.indexOf(name);
            if (index < 0) {
                throw new ValidationException("expected a column " + name + ", found " + names);
            }
            return index;
        }

        private static int[] columns(List<String> names, StringData list) {
            String[] wanted = list.toString().split("\\s*,\\s*");
            int[] indexes = new int[wanted.length];
            for (int at = 0; at < wanted.length; at++) {
                indexes[at] = column(names, wanted[at]);
            }
            return indexes;
        }
    }

    public void eval(
            Context context,
            Recent recent,
            MapView<Long, double[]> readings,
            MapView<Long, double[]> windows,
            MapView<Integer, double[]> baselines,
            Row row,
            StringData tracked,
            StringData summed,
            StringData kinds,
            int baselineValues,
            int latenessSeconds,
            int retentionHours)
            throws Exception {
        if (layout == null) {
            DataType input = context.tableSemanticsFor("series").dataType();
            layout = new Layout(input, tracked, summed, kinds, retentionHours);
        }
        long moment = ((Instant) row.getField(layout.observedAt)).toEpochMilli();
        GenericRowData out = new GenericRowData(layout.width);
        if (recent.arrivals == 0) {
            recent.begin(layout.tracked.length);
            recent.newestAt = moment;
        }
        boolean forgotten = moment <= recent.newestAt - retentionHours * Windows.HOUR_MS;
        double[] reading = reading(row);
        double[] known = forgotten ? null : readings.get(moment);
        boolean first = !forgotten && known == null;
        boolean newest = first || (known != null && reading[0] > known[0]);
        long hourEnd = Math.floorDiv(moment, Windows.HOUR_MS) * Windows.HOUR_MS + Windows.HOUR_MS;
        boolean late = forgotten || (newest && hourEnd + latenessSeconds * 1000L <= recent.newestAt);
        out.setField(0, first);
        out.setField(1, newest);
        out.setField(2, late);
        if (first) {
            compare(recent, baselines, row, moment, baselineValues, out);
        }
        if (newest) {
            readings.put(moment, reading);
            out.setField(layout.width - 1, changed(recent.newestAt, windows, readings, moment, known != null));
        }
        if (first && moment > recent.newestAt) {
            recent.newestAt = moment;
            clean(recent, readings, windows, retentionHours);
        }
        collect(out);
    }

    /** A reading as {@link Sums#add} takes it. */
    private double[] reading(Row row) {
        double[] reading = new double[layout.summed.length + 1];
        reading[0] = (Integer) row.getField(layout.revision);
        for (int variable = 0; variable < layout.summed.length; variable++) {
            reading[variable + 1] = value(row, layout.summed[variable]);
        }
        return reading;
    }

    private static double value(Row row, int column) {
        Object value = row.getField(column);
        return value == null ? Double.NaN : (Double) value;
    }

    /** Writes what the series says of a first arrival, then takes it in. */
    private void compare(
            Recent recent,
            MapView<Integer, double[]> baselines,
            Row row,
            long moment,
            int baselineValues,
            GenericRowData out)
            throws Exception {
        int variables = layout.tracked.length;
        double[] values = new double[variables];
        for (int variable = 0; variable < variables; variable++) {
            values[variable] = value(row, layout.tracked[variable]);
        }
        int hour = (int) (Math.floorMod(moment, DAY_MS) / Windows.HOUR_MS);
        double[] baseline = baselines.get(hour);
        if (baseline == null) {
            baseline = Baseline.empty(variables, baselineValues);
        }
        if (recent.arrivals > 0) {
            out.setField(3, TimestampData.fromEpochMillis(recent.previousAt));
        }
        for (int variable = 0; variable < variables; variable++) {
            int at = HEAD + TRACKED_WIDTH * variable;
            if (!Double.isNaN(recent.previous[variable])) {
                out.setField(at, recent.previous[variable]);
            }
            Baseline.write(baseline, variable, variables, out, at + 3);
        }
        recent.advance(moment, values);
        for (int variable = 0; variable < variables; variable++) {
            int at = HEAD + TRACKED_WIDTH * variable;
            out.setField(at + 1, TimestampData.fromEpochMillis(recent.since[variable]));
            out.setField(at + 2, recent.readings[variable]);
        }
        Baseline.add(baseline, values);
        baselines.put(hour, baseline);
    }

    /** The windows of a moment as they stand with its reading in. */
    private GenericArrayData changed(
            long newestAt, MapView<Long, double[]> windows, MapView<Long, double[]> readings, long moment, boolean revises)
            throws Exception {
        List<Long> keys = layout.windows.keys(moment);
        Object[] rows = new Object[keys.size()];
        for (int index = 0; index < rows.length; index++) {
            long key = keys.get(index);
            Windows.Kind kind = layout.windows.kind(key);
            long end = Windows.start(key) + kind.hours() * Windows.HOUR_MS;
            boolean open = end > newestAt - OPEN_MS;
            double[] sums = open && !revises ? windows.get(key) : null;
            if (sums != null) {
                Sums.add(sums, readings.get(moment));
            } else {
                sums = Sums.empty(layout.summed.length);
                if (open && !revises) {
                    Sums.add(sums, readings.get(moment));
                } else {
                    addAll(sums, readings, Windows.start(key), end);
                }
            }
            if (open) {
                windows.put(key, sums);
            }
            GenericRowData row = new GenericRowData(WINDOW_HEAD + Sums.WIDTH * layout.summed.length);
            row.setField(0, layout.kinds[layout.windows.kinds.indexOf(kind)]);
            row.setField(1, kind.hours());
            row.setField(2, TimestampData.fromEpochMillis(Windows.start(key)));
            Sums.write(sums, row, 3);
            rows[index] = row;
        }
        return new GenericArrayData(rows);
    }

    private static void addAll(double[] sums, MapView<Long, double[]> readings, long from, long to) throws Exception {
        for (Map.Entry<Long, double[]> each : readings.entries()) {
            if (each.getKey() >= from && each.getKey() < to) {
                Sums.add(sums, each.getValue());
            }
        }
    }

    /** A walk over what is kept, windows once an hour of event time and readings once a day: they are few. */
    private void clean(
            Recent recent, MapView<Long, double[]> readings, MapView<Long, double[]> windows, int retentionHours)
            throws Exception {
        long hour = Math.floorDiv(recent.newestAt, Windows.HOUR_MS);
        if (hour == recent.cleanedHour) {
            return;
        }
        Iterator<Map.Entry<Long, double[]>> each = windows.iterator();
        while (each.hasNext()) {
            long key = each.next().getKey();
            long end = Windows.start(key) + layout.windows.kind(key).hours() * Windows.HOUR_MS;
            if (end <= recent.newestAt - OPEN_MS) {
                each.remove();
            }
        }
        if (Math.floorDiv(hour, 24) != Math.floorDiv(recent.cleanedHour, 24)) {
            // a reading within the retention makes its windows anew from readings that may be a window older than itself
            long oldest = recent.newestAt - (retentionHours + layout.windows.longestHours()) * Windows.HOUR_MS;
            each = readings.iterator();
            while (each.hasNext()) {
                if (each.next().getKey() <= oldest) {
                    each.remove();
                }
            }
        }
        recent.cleanedHour = hour;
    }
}
