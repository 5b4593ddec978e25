package isobar.functions;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import org.apache.flink.table.api.DataTypes;
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
 * {@code series_history(series => TABLE … PARTITION BY …, …)}: every reading with what its series says of it.
 *
 * <p>One keyed operator answers what needs memory: whether a reading arrives for the first time, what came before it, and
 * what is usual at its hour. It decides nothing: limits, formulas and verdicts are the query's. The readings of a series
 * stay in order, none waits for a watermark, and state is bounded by event time: a reading {@code retention_hours} older
 * than the newest of its series can no longer be told from a repeat, so it is only called late.
 *
 * <p>Readings must have {@code observed_at TIMESTAMP_LTZ(3)} and {@code revision INT}. Arguments: {@code tracked}, the
 * columns to compare with the reading before; {@code usual}, those to compare with the last {@code baseline_values} of the
 * same hour of day; {@code lateness_seconds} after the end of its hour from which on a reading is late.
 */
public final class SeriesHistory extends ProcessTableFunction<RowData> {

    private static final long serialVersionUID = 1L;

    private static final long DAY_MS = 24 * Windows.HOUR_MS;
    private static final int TRACKED = 1;
    private static final int USUAL = 2;

    /** first_arrival, newest, late, previous_at. */
    private static final int HEAD = 4;

    /** previous, since, readings. */
    private static final int TRACKED_WIDTH = 3;

    /** usual count, mean and deviation. */
    private static final int USUAL_WIDTH = 3;

    private transient int observedAt;
    private transient int revision;
    private transient int[] tracked;
    private transient int[] usual;

    @Override
    public TypeInference getTypeInference(DataTypeFactory types) {
        LinkedHashMap<String, StateTypeStrategy> state = new LinkedHashMap<>();
        DataType doubles = DataTypes.ARRAY(DataTypes.DOUBLE().notNull()).notNull().bridgedTo(double[].class);
        DataType whole = DataTypes.INT().notNull();
        state.put("recent", kept(types.createDataType(Recent.class)));
        state.put("arrays", kept(MapView.newMapViewDataType(DataTypes.BIGINT().notNull(), doubles)));
        state.put("baselines", kept(MapView.newMapViewDataType(whole, doubles)));
        EnumSet<StaticArgumentTrait> keyed = EnumSet.of(
                StaticArgumentTrait.TABLE,
                StaticArgumentTrait.SET_SEMANTIC_TABLE,
                StaticArgumentTrait.PASS_COLUMNS_THROUGH);
        DataType text = DataTypes.STRING().bridgedTo(StringData.class);
        DataType number = whole.bridgedTo(int.class);
        return TypeInference.newBuilder()
                .staticArguments(
                        StaticArgument.table("series", Row.class, false, keyed),
                        StaticArgument.scalar("tracked", text, false),
                        StaticArgument.scalar("usual", text, false),
                        StaticArgument.scalar("baseline_values", number, false),
                        StaticArgument.scalar("lateness_seconds", number, false),
                        StaticArgument.scalar("retention_hours", number, false))
                .stateTypeStrategies(state)
                .outputTypeStrategy(call -> Optional.of(rowType(Arguments.names(call, TRACKED), Arguments.names(call, USUAL))))
                .build();
    }

    /**
     * State that does not expire. The zero must be said: left out, Flink 2.2 takes it for 292 million years, and then
     * looks for what has expired at each access, which made this function ten times slower.
     */
    static StateTypeStrategy kept(DataType type) {
        return StateTypeStrategy.of(call -> Optional.of(type), Duration.ZERO);
    }

    private static DataType rowType(String[] tracked, String[] usual) {
        List<DataTypes.Field> columns = new ArrayList<>();
        columns.add(DataTypes.FIELD("first_arrival", DataTypes.BOOLEAN().notNull()));
        columns.add(DataTypes.FIELD("newest", DataTypes.BOOLEAN().notNull()));
        columns.add(DataTypes.FIELD("late", DataTypes.BOOLEAN().notNull()));
        columns.add(DataTypes.FIELD("previous_at", DataTypes.TIMESTAMP_LTZ(3)));
        for (String name : tracked) {
            columns.add(DataTypes.FIELD(name + "_previous", DataTypes.DOUBLE()));
            columns.add(DataTypes.FIELD(name + "_since", DataTypes.TIMESTAMP_LTZ(3)));
            columns.add(DataTypes.FIELD(name + "_readings", DataTypes.INT()));
        }
        for (String name : usual) {
            columns.add(DataTypes.FIELD(name + "_usual_count", DataTypes.INT()));
            columns.add(DataTypes.FIELD(name + "_usual_mean", DataTypes.DOUBLE()));
            columns.add(DataTypes.FIELD(name + "_usual_deviation", DataTypes.DOUBLE()));
        }
        return DataTypes.ROW(columns).bridgedTo(RowData.class);
    }

    public void eval(
            Context context,
            Recent recent,
            MapView<Long, double[]> arrays,
            MapView<Integer, double[]> baselines,
            Row row,
            StringData trackedColumns,
            StringData usualColumns,
            int baselineValues,
            int latenessSeconds,
            int retentionHours)
            throws Exception {
        if (tracked == null) {
            DataType series = context.tableSemanticsFor("series").dataType();
            observedAt = Arguments.column(series, "observed_at");
            revision = Arguments.column(series, "revision");
            tracked = Arguments.columns(series, trackedColumns.toString());
            usual = Arguments.columns(series, usualColumns.toString());
        }
        long moment = ((Instant) row.getField(observedAt)).toEpochMilli();
        if (recent.arrivals == 0) {
            recent.begin(tracked.length, moment);
        }
        boolean forgotten = moment <= recent.newestAt - retentionHours * Windows.HOUR_MS;
        int found = (Integer) row.getField(revision);
        Readings readings = new Readings(arrays, 1);
        int known = forgotten ? found : readings.revision(moment);
        boolean first = known < 0;
        boolean newest = found > known;
        long hourEnd = Math.floorDiv(moment, Windows.HOUR_MS) * Windows.HOUR_MS + Windows.HOUR_MS;
        GenericRowData out = new GenericRowData(HEAD + TRACKED_WIDTH * tracked.length + USUAL_WIDTH * usual.length);
        out.setField(0, first);
        out.setField(1, newest);
        out.setField(2, forgotten || (newest && hourEnd + latenessSeconds * 1000L <= recent.newestAt));
        if (newest) {
            readings.put(moment, new double[] {found});
        }
        if (first) {
            compare(recent, baselines, row, moment, baselineValues, out);
            recent.newestAt = Math.max(recent.newestAt, moment);
            forget(recent, readings, retentionHours);
        }
        collect(out);
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
        if (recent.arrivals > 0) {
            out.setField(3, TimestampData.fromEpochMillis(recent.previousAt));
        }
        for (int variable = 0; variable < tracked.length; variable++) {
            if (!Double.isNaN(recent.previous[variable])) {
                out.setField(HEAD + TRACKED_WIDTH * variable, recent.previous[variable]);
            }
        }
        recent.advance(moment, values(row, tracked));
        for (int variable = 0; variable < tracked.length; variable++) {
            int at = HEAD + TRACKED_WIDTH * variable;
            out.setField(at + 1, TimestampData.fromEpochMillis(recent.since[variable]));
            out.setField(at + 2, recent.readings[variable]);
        }
        int hour = (int) (Math.floorMod(moment, DAY_MS) / Windows.HOUR_MS);
        double[] baseline = baselines.get(hour);
        if (baseline == null) {
            baseline = Baseline.empty();
        }
        for (int variable = 0; variable < usual.length; variable++) {
            int at = HEAD + TRACKED_WIDTH * tracked.length + USUAL_WIDTH * variable;
            Baseline.write(baseline, variable, usual.length, out, at);
        }
        baselines.put(hour, Baseline.with(baseline, values(row, usual), baselineValues));
    }

    private static double[] values(Row row, int[] columns) {
        double[] values = new double[columns.length];
        for (int variable = 0; variable < columns.length; variable++) {
            values[variable] = Arguments.value(row, columns[variable]);
        }
        return values;
    }

    /** Once a day of event time. */
    private static void forget(Recent recent, Readings readings, int retentionHours) throws Exception {
        long day = Math.floorDiv(recent.newestAt, DAY_MS);
        if (day != recent.forgottenDay) {
            recent.forgottenDay = day;
            readings.forgetTo(recent.newestAt - retentionHours * Windows.HOUR_MS);
        }
    }
}
