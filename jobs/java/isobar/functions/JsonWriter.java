package isobar.functions;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import org.apache.flink.api.common.serialization.SerializationSchema;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonFactory;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonGenerator;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.StreamWriteFeature;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.io.SerializedString;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.RowType;

/** Writes a row as one JSON object, every column a member, in order. */
final class JsonWriter implements SerializationSchema<RowData> {

    private static final long serialVersionUID = 1L;

    /** An enriched observation takes 700 bytes. */
    private static final int EXPECTED_BYTES = 1024;

    /** Writes one column of a row, which is not null there. */
    @FunctionalInterface
    private interface Column extends Serializable {
        void write(RowData row, int index, JsonGenerator json) throws IOException;
    }

    private final String[] names;
    private final Column[] columns;
    private transient JsonFactory factory;
    private transient SerializedString[] members;

    JsonWriter(RowType type) {
        names = type.getFieldNames().toArray(new String[0]);
        columns = type.getChildren().stream().map(JsonWriter::column).toArray(Column[]::new);
    }

    private static Column column(LogicalType type) {
        switch (type.getTypeRoot()) {
            case CHAR:
            case VARCHAR:
                return (row, index, json) -> json.writeString(row.getString(index).toString());
            case DOUBLE:
                return (row, index, json) -> json.writeNumber(row.getDouble(index));
            case INTEGER:
                return (row, index, json) -> json.writeNumber(row.getInt(index));
            case BIGINT:
                return (row, index, json) -> json.writeNumber(row.getLong(index));
            case BOOLEAN:
                return (row, index, json) -> json.writeBoolean(row.getBoolean(index));
            case TIMESTAMP_WITH_LOCAL_TIME_ZONE:
                return (row, index, json) ->
                        json.writeString(UtcTime.format(row.getTimestamp(index, 3).getMillisecond()));
            default:
                throw new ValidationException("expected columns of text, numbers, booleans and times, found " + type);
        }
    }

    @Override
    public void open(InitializationContext context) {
        factory = JsonFactory.builder().enable(StreamWriteFeature.USE_FAST_DOUBLE_WRITER).build();
        members = new SerializedString[names.length];
        for (int index = 0; index < names.length; index++) {
            members[index] = new SerializedString(names[index]);
        }
    }

    @Override
    public byte[] serialize(RowData row) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(EXPECTED_BYTES);
        try (JsonGenerator json = factory.createGenerator(bytes)) {
            json.writeStartObject();
            for (int index = 0; index < columns.length; index++) {
                json.writeFieldName(members[index]);
                if (row.isNullAt(index)) {
                    json.writeNull();
                } else {
                    columns[index].write(row, index, json);
                }
            }
            json.writeEndObject();
        } catch (IOException error) {
            throw new UncheckedIOException(error); // of a buffer in memory: never
        }
        return bytes.toByteArray();
    }
}
