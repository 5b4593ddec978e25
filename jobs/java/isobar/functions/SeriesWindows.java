package isobar.functions;

import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.api.dataview.MapView;
import org.apache.flink.table.catalog.DataTypeFactory;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.functions.ProcessTableFunction;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.inference.StateTypeStrategy;
import org.apache.flink.table.types.inference.StaticArgument;
import org.apache.flink.table.types.inference.StaticArgumentTrait;
import org.apache.flink.table.types.inference.TypeInference;
import org.apache.flink.types.Row;

/**
 * {@code series_windows(series => TABLE … PARTITION BY …, on_time => DESCRIPTOR(…), …)}: windows that stay right.
 *
 * <p>A window is said once when the watermark passes its end, and again, with a higher revision, for every reading that
 * still changes it. The watermark decides only when a window is said, never what it holds: a source that was silent for a
 * while, and did not hold the watermark back, costs another version and no reading. A reading counts in its newest
 * revision. State is bounded by event time, as in {@link SeriesHistory}.
 *
 * <p>The time attribute must be ahead of every watermark: Flink drops a row behind it before this function sees it.
 *
 * <p>Readings must have {@code observed_at TIMESTAMP_LTZ(3)} and {@code revision INT}. Arguments: {@code summed}, the
 * columns to add up; {@code kinds}, see {@link Windows}; {@code retention_hours}, how far behind the newest reading of
 * its series a reading still counts.
 */
public final class SeriesWindows extends ProcessTableFunction<RowData> {

    private static final long serialVersionUID = 1L;

    /** So long after its end, by the watermark, a window's sums are kept; what still comes to it then makes them anew from the readings. */
    private static final long OPEN_MS = 3 * Windows.HOUR_MS;

    private static final int SUMMED = 1;

    /** window_hours, window_start, window_end, revision, observation_count. */
    private static final int HEAD = 5;

    /** What a series has besides its readings and windows. */
    public static final class Progress {

        /** Milliseconds since 1970, as all times here; 0 before the first reading. */
        public long newestAt;

        /** The sums of windows that end here or earlier are no longer kept. */
        public long forgottenTo;

        /** The day, counted from 1970, in which old readings were last taken out of the state. */
        public long forgottenDay;

        /** Of the windows, in hours: a timer is told nothing but its time. */
        public int[] lengths;
    }

    private transient int observedAt;
    private transient int revision;
    private transient int[] summed;
    private transient Windows kinds;

    @Override
    public TypeInference getTypeInference(DataTypeFactory types) {
        LinkedHashMap<String, StateTypeStrategy> state = new LinkedHashMap<>();
        DataType doubles = DataTypes.ARRAY(DataTypes.DOUBLE().notNull()).notNull().bridgedTo(double[].class);
        DataType byMoment = MapView.newMapViewDataType(DataTypes.BIGINT().notNull(), doubles);
        DataType progress = types.createDataType(Progress.class);
        state.put("progress", SeriesHistory.kept(progress));
        state.put("arrays", SeriesHistory.kept(byMoment));
        state.put("windows", SeriesHistory.kept(byMoment));
        EnumSet<StaticArgumentTrait> keyed = EnumSet.of(
                StaticArgumentTrait.TABLE, StaticArgumentTrait.SET_SEMANTIC_TABLE, StaticArgumentTrait.REQUIRE_ON_TIME);
        DataType text = DataTypes.STRING().bridgedTo(StringData.class);
        return TypeInference.newBuilder()
                .staticArguments(
                        StaticArgument.table("series", Row.class, false, keyed),
                        StaticArgument.scalar("summed", text, false),
                        StaticArgument.scalar("kinds", text, false),
                        StaticArgument.scalar("retention_hours", DataTypes.INT().notNull().bridgedTo(int.class), false))
                .stateTypeStrategies(state)
                .outputTypeStrategy(call -> Optional.of(rowType(Arguments.names(call, SUMMED))))
                .build();
    }

    private static DataType rowType(String[] summed) {
        List<DataTypes.Field> columns = new ArrayList<>();
        columns.add(DataTypes.FIELD("window_hours", DataTypes.INT().notNull()));
        columns.add(DataTypes.FIELD("window_start", DataTypes.TIMESTAMP_LTZ(3).notNull()));
        columns.add(DataTypes.FIELD("window_end", DataTypes.TIMESTAMP_LTZ(3).notNull()));
        columns.add(DataTypes.FIELD("revision", DataTypes.BIGINT().notNull()));
        columns.add(DataTypes.FIELD("observation_count", DataTypes.BIGINT().notNull()));
        for (String name : summed) {
            columns.add(DataTypes.FIELD(name + "_count", DataTypes.BIGINT().notNull()));
            columns.add(DataTypes.FIELD(name + "_sum", DataTypes.DOUBLE()));
            columns.add(DataTypes.FIELD(name + "_min", DataTypes.DOUBLE()));
            columns.add(DataTypes.FIELD(name + "_max", DataTypes.DOUBLE()));
        }
        return DataTypes.ROW(columns).bridgedTo(RowData.class);
    }

    public void eval(
            Context context,
            Progress progress,
            MapView<Long, double[]> arrays,
            MapView<Long, double[]> windows,
            Row row,
            StringData summedColumns,
            StringData kindsOfWindows,
            int retentionHours)
            throws Exception {
        if (kinds == null) {
            learn(context.tableSemanticsFor("series").dataType(), summedColumns, kindsOfWindows, retentionHours);
        }
        if (progress.lengths == null) {
            progress.lengths = kinds.lengths();
        }
        long moment = ((Instant) row.getField(observedAt)).toEpochMilli();
        if (moment <= progress.newestAt - retentionHours * Windows.HOUR_MS) {
            return; // SeriesHistory calls it late
        }
        double[] reading = new double[summed.length + 1];
        reading[0] = (Integer) row.getField(revision);
        for (int variable = 0; variable < summed.length; variable++) {
            reading[variable + 1] = Arguments.value(row, summed[variable]);
        }
        Readings readings = new Readings(arrays, reading.length);
        int known = readings.revision(moment);
        if (known >= reading[0]) {
            return; // a repeat
        }
        readings.put(moment, reading);
        progress.newestAt = Math.max(progress.newestAt, moment);
        TimeContext<Long> time = context.timeContext(Long.class);
        Long watermark = time.currentWatermark();
        if (watermark != null) {
            // Flink drops a timer that lies before the watermark: sums kept for a series behind the others would stay
            progress.forgottenTo = Math.max(progress.forgottenTo, watermark + 1 - OPEN_MS);
        }
        for (long key : kinds.keys(moment)) {
            long end = Windows.end(key);
            boolean kept = end > progress.forgottenTo;
            double[] sums = kept && known < 0 ? windows.get(key) : null;
            // a timer is set if the window waits to be said; one that was restored may have been said before
            boolean waits = sums != null && Sums.isUnsaid(sums);
            boolean made = sums == null;
            if (made) {
                sums = Sums.empty(summed.length);
            }
            if (made && !(kept && known < 0)) {
                readings.addTo(sums, Windows.start(key), end);
            } else {
                Sums.add(sums, reading);
            }
            if (!kept || (watermark != null && watermark >= end - 1)) {
                say(key, sums);
            } else if (!waits) {
                time.registerOnTime(end - 1);
            }
            if (kept) {
                windows.put(key, sums);
            }
            if (kept && made) {
                time.registerOnTime(end - 1 + OPEN_MS);
            }
        }
        forget(progress, readings, retentionHours);
    }

    /** The watermark has passed the end of an hour: says the windows that end with it, forgets those of a while ago. */
    public void onTimer(
            OnTimerContext context, Progress progress, MapView<Long, double[]> arrays, MapView<Long, double[]> windows)
            throws Exception {
        long end = context.timeContext(Long.class).time() + 1;
        progress.forgottenTo = Math.max(progress.forgottenTo, end - OPEN_MS);
        for (int hours : progress.lengths) {
            long key = Windows.keyOfEnd(end, hours);
            double[] sums = windows.get(key);
            if (sums != null && Sums.isUnsaid(sums)) {
                say(key, sums);
                windows.put(key, sums);
            }
            windows.remove(Windows.keyOfEnd(end - OPEN_MS, hours));
        }
    }

    private void learn(DataType series, StringData summedColumns, StringData kindsOfWindows, int retentionHours) {
        observedAt = Arguments.column(series, "observed_at");
        revision = Arguments.column(series, "revision");
        summed = Arguments.columns(series, summedColumns.toString());
        kinds = new Windows(kindsOfWindows.toString());
        if (retentionHours <= kinds.longestHours()) {
            throw new ValidationException("expected retention_hours above the longest window of "
                    + kinds.longestHours() + " h, found " + retentionHours);
        }
    }

    private void say(long key, double[] sums) {
        Sums.say(sums);
        GenericRowData row = new GenericRowData(HEAD + Sums.variables(sums) * Sums.WIDTH);
        row.setField(0, Windows.hours(key));
        row.setField(1, TimestampData.fromEpochMillis(Windows.start(key)));
        row.setField(2, TimestampData.fromEpochMillis(Windows.end(key)));
        Sums.write(sums, row, 3);
        collect(row);
    }

    /** Once a day of event time. A reading that still counts makes its windows anew from readings a window older. */
    private void forget(Progress progress, Readings readings, int retentionHours) throws Exception {
        long day = Math.floorDiv(progress.newestAt, 24 * Windows.HOUR_MS);
        if (day != progress.forgottenDay) {
            progress.forgottenDay = day;
            readings.forgetTo(progress.newestAt - (retentionHours + kinds.longestHours()) * Windows.HOUR_MS);
        }
    }
}
