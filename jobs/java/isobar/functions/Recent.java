package isobar.functions;

/**
 * What the next reading of a series is compared with.
 *
 * <p>A class that Flink can take apart (public fields, no arguments to its constructor), because state of a table function
 * must be one. Times are milliseconds since 1970; NaN is a missing value.
 */
public final class Recent {

    /** Of any reading so far. */
    public long newestAt;

    /** Of the last first arrival, in the order of arrival. */
    public long previousAt;

    /** First arrivals so far; the times above mean nothing while it is 0. */
    public long arrivals;

    /** The day, counted from 1970, in which what is too old was last taken out of the state. */
    public long forgottenDay;

    /** By variable, as the last first arrival had them. */
    public double[] previous;

    /** By variable: when the value began to be what it is. */
    public long[] since;

    /** By variable: how many readings in a row have had the value. */
    public int[] readings;

    /** Makes the arrays when the first reading comes. */
    void begin(int variables, long moment) {
        newestAt = moment;
        previous = new double[variables];
        since = new long[variables];
        readings = new int[variables];
        java.util.Arrays.fill(previous, Double.NaN);
    }

    /** Takes a first arrival in: a value that is missing, or another than before, begins a new run. */
    void advance(long moment, double[] values) {
        for (int variable = 0; variable < values.length; variable++) {
            if (values[variable] == previous[variable]) { // never true of NaN
                readings[variable]++;
            } else {
                readings[variable] = 1;
                since[variable] = moment;
            }
            previous[variable] = values[variable];
        }
        previousAt = moment;
        arrivals++;
    }
}
