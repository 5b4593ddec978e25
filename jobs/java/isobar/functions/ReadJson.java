package isobar.functions;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonFactory;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonParser;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonToken;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.StreamReadFeature;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.catalog.DataTypeFactory;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.functions.FunctionContext;
import org.apache.flink.table.functions.TableFunction;
import org.apache.flink.table.types.inference.InputTypeStrategies;
import org.apache.flink.table.types.inference.TypeInference;

/**
 * {@code read_json(value, schema)}: one row for every value, whatever it is: its fields, or why it is refused.
 *
 * <p>Flink's json format either stops the job at a bad record, or nulls and skips in silence, and never hands the bytes
 * on; SQL's JSON functions parse once for each field. This reads once and strictly: UTF-8, one object, every declared
 * field at most once and of its type, times real and in UTC. Fields that are not declared are passed over, so that
 * producers may add some first. The refusal is a sentence for people; the caller still holds the bytes.
 */
public final class ReadJson extends TableFunction<RowData> {

    private static final long serialVersionUID = 1L;

    /** So much of a refused value is quoted. */
    private static final int QUOTED_BYTES = 80;

    private transient JsonFactory json;
    private transient StringData known;
    private transient JsonSchema schema;

    /** Why this record is refused. */
    private static final class Refusal extends Exception {

        private static final long serialVersionUID = 1L;

        Refusal(String expected, String found) {
            super("expected " + expected + ", found " + found, null, false, false); // no stack trace: it is data
        }
    }

    @Override
    public TypeInference getTypeInference(DataTypeFactory types) {
        return TypeInference.newBuilder()
                .inputTypeStrategy(InputTypeStrategies.explicitSequence(
                        DataTypes.BYTES(), DataTypes.STRING().bridgedTo(StringData.class)))
                .outputTypeStrategy(call -> Optional.of(
                        JsonSchema.parse(call.getArgumentValue(1, String.class)
                                        .orElseThrow(() -> call.newValidationError("the schema must be a literal")))
                                .rowType()))
                .build();
    }

    @Override
    public void open(FunctionContext context) {
        json = JsonFactory.builder().enable(StreamReadFeature.USE_FAST_DOUBLE_PARSER).build();
    }

    public void eval(byte[] value, StringData declared) {
        if (declared != known) {
            schema = JsonSchema.parse(declared.toString());
            known = declared;
        }
        GenericRowData row = new GenericRowData(schema.size() + 1);
        try {
            read(value, row);
        } catch (Refusal refusal) {
            row = new GenericRowData(schema.size() + 1);
            row.setField(schema.size(), StringData.fromString(refusal.getMessage()));
        }
        collect(row);
    }

    private void read(byte[] value, GenericRowData row) throws Refusal {
        if (value == null) {
            throw new Refusal("a JSON object", "no value");
        }
        if (!isUtf8(value)) {
            throw noObject(value);
        }
        long seen = 0;
        try (JsonParser parser = json.createParser(value)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw noObject(value);
            }
            int next = 0;
            String name;
            while ((name = parser.nextFieldName()) != null) {
                int index = schema.indexOf(name, next);
                JsonToken token = parser.nextToken();
                if (index < 0) {
                    parser.skipChildren();
                    continue;
                }
                if ((seen & (1L << index)) != 0) {
                    throw new Refusal(name + " once", "it again");
                }
                seen |= 1L << index;
                next = index + 1;
                row.setField(index, typed(schema.field(index), token, parser, value));
            }
            if (parser.currentToken() != JsonToken.END_OBJECT || parser.nextToken() != null) {
                throw noObject(value);
            }
        } catch (IOException error) {
            throw noObject(value);
        }
        for (int index = 0; index < schema.size(); index++) {
            if (!schema.field(index).nullable() && (seen & (1L << index)) == 0) {
                throw new Refusal(schema.field(index).expected(), "no such field");
            }
        }
    }

    private static Object typed(JsonSchema.Field field, JsonToken token, JsonParser parser, byte[] value)
            throws IOException, Refusal {
        Object typed = null;
        boolean number = token == JsonToken.VALUE_NUMBER_INT || token == JsonToken.VALUE_NUMBER_FLOAT;
        boolean text = token == JsonToken.VALUE_STRING;
        switch (field.kind()) {
            case DOUBLE -> {
                double found = number ? parser.getDoubleValue() : Double.NaN;
                typed = Double.isFinite(found) ? (Object) found : null;
            }
            case INT -> typed = isWhole(token, parser, JsonParser.NumberType.INT) ? (Object) parser.getIntValue() : null;
            case BIGINT -> typed =
                    isWhole(token, parser, JsonParser.NumberType.LONG) ? (Object) parser.getLongValue() : null;
            case BOOLEAN -> typed = token.isBoolean() ? (Object) parser.getBooleanValue() : null;
            case STRING -> typed = text && isText(parser.getText()) ? StringData.fromString(parser.getText()) : null;
            case TIMESTAMP -> {
                long millis = text ? UtcTime.parse(parser.getText()) : UtcTime.NONE;
                typed = millis == UtcTime.NONE ? null : TimestampData.fromEpochMillis(millis);
            }
        }
        if (typed == null && !(field.nullable() && token == JsonToken.VALUE_NULL)) {
            throw new Refusal(field.expected(), quote(value, (int) parser.currentTokenLocation().getByteOffset()));
        }
        return typed;
    }

    private static boolean isWhole(JsonToken token, JsonParser parser, JsonParser.NumberType largest)
            throws IOException {
        return token == JsonToken.VALUE_NUMBER_INT
                && parser.getNumberType().compareTo(largest) <= 0;
    }

    /** Not empty, and nothing that Postgres or UTF-8 cannot hold: no control characters, no half surrogates. */
    private static boolean isText(String text) {
        for (int at = 0; at < text.length(); at++) {
            char character = text.charAt(at);
            if (Character.isISOControl(character)) {
                return false;
            }
            if (Character.isSurrogate(character)) {
                boolean pair = at + 1 < text.length() && Character.isSurrogatePair(character, text.charAt(at + 1));
                if (!pair) {
                    return false;
                }
                at++;
            }
        }
        return !text.isEmpty();
    }

    /** Jackson guesses the encoding, and passes over a byte order mark: only plain UTF-8 gets as far as it. */
    private static boolean isUtf8(byte[] value) {
        boolean ascii = true;
        for (byte each : value) {
            if (each == 0) {
                return false;
            }
            ascii &= each > 0;
        }
        if (ascii) {
            return true;
        }
        if (value.length >= 3 && value[0] == (byte) 0xEF && value[1] == (byte) 0xBB && value[2] == (byte) 0xBF) {
            return false;
        }
        try {
            StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(value));
            return true;
        } catch (CharacterCodingException error) {
            return false;
        }
    }

    private static Refusal noObject(byte[] value) {
        return new Refusal("one JSON object in UTF-8", quote(value, 0));
    }

    private static String quote(byte[] value, int from) {
        int length = Math.min(QUOTED_BYTES, value.length - from);
        return new String(value, from, length, StandardCharsets.UTF_8);
    }
}
