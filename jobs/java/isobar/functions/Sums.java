package isobar.functions;

import org.apache.flink.table.data.GenericRowData;

/**
 * What a window adds up: revision, observations, the revision last said; for each variable count, sum, least and greatest.
 *
 * <p>One array of doubles, which state keeps without a conversion; whole numbers are exact in it up to 2^53. Nothing can
 * be taken out of a minimum again: after a revision the sums are made anew from the readings.
 */
final class Sums {

    private static final int REVISION = 0;
    private static final int OBSERVATIONS = 1;
    private static final int SAID = 2;
    private static final int HEAD = 3;
    private static final int COUNT = 0;
    private static final int SUM = 1;
    private static final int LEAST = 2;
    private static final int GREATEST = 3;
    static final int WIDTH = 4;

    private Sums() {}

    static double[] empty(int variables) {
        return new double[HEAD + WIDTH * variables];
    }

    static int variables(double[] sums) {
        return (sums.length - HEAD) / WIDTH;
    }

    /** Notes that the window has been said as it stands. */
    static void say(double[] sums) {
        sums[SAID] = sums[REVISION];
    }

    static boolean isUnsaid(double[] sums) {
        return sums[SAID] < sums[REVISION];
    }

    /** Adds a reading: its revision, then its values, NaN for a missing one. The revision of a window only rises. */
    static void add(double[] sums, double[] reading) {
        sums[REVISION] += reading[0] + 1;
        sums[OBSERVATIONS]++;
        for (int variable = 0; variable < reading.length - 1; variable++) {
            double value = reading[variable + 1];
            if (Double.isNaN(value)) {
                continue;
            }
            int at = HEAD + WIDTH * variable;
            boolean first = sums[at + COUNT] == 0;
            sums[at + COUNT]++;
            sums[at + SUM] += value;
            sums[at + LEAST] = first ? value : Math.min(sums[at + LEAST], value);
            sums[at + GREATEST] = first ? value : Math.max(sums[at + GREATEST], value);
        }
    }

    /** Writes the sums into columns from {@code from} on; a variable without values has nulls. */
    static void write(double[] sums, GenericRowData row, int from) {
        int at = from;
        row.setField(at++, (long) sums[REVISION]);
        row.setField(at++, (long) sums[OBSERVATIONS]);
        for (int variable = HEAD; variable < sums.length; variable += WIDTH) {
            row.setField(at++, (long) sums[variable + COUNT]);
            for (int part = SUM; part < WIDTH; part++) {
                row.setField(at++, sums[variable + COUNT] == 0 ? null : (Object) sums[variable + part]);
            }
        }
    }
}
