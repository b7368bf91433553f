import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.ControlRecordType;
import org.apache.kafka.common.record.DefaultRecordBatch;
import org.apache.kafka.common.record.EndTransactionMarker;
import org.apache.kafka.common.record.MemoryRecords;
import org.apache.kafka.common.record.MemoryRecordsBuilder;
import org.apache.kafka.common.record.RecordBatch;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.utils.ByteBufferOutputStream;
import org.apache.kafka.common.utils.Utils;

/** Writes golden.json to stdout with the classes that Kafka's own producer and broker use. See README.md. */
public final class GoldenBatches {
    static final Header[] NO_HEADERS = new Header[0];
    static final long T0 = 1_700_000_000_000L;
    static final PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);

    /** Bytes with a short form for the JSON. */
    record Bytes(byte[] bytes, String json) {
        static Bytes of(byte... b) { return new Bytes(b, "\"" + HexFormat.of().formatHex(b) + "\""); }
        static Bytes text(String s) { return of(s.getBytes(StandardCharsets.UTF_8)); }
        static Bytes repeat(String unit, int times) {
            byte[] u = unit.getBytes(StandardCharsets.UTF_8);
            byte[] b = new byte[u.length * times];
            for (int i = 0; i < times; i++) System.arraycopy(u, 0, b, i * u.length, u.length);
            return new Bytes(b, "{\"repeat\":\"" + HexFormat.of().formatHex(u) + "\",\"times\":" + times + "}");
        }
        /** Bits 16–23 of x ← 1103515245 x + 12345 mod 2³¹: bytes that do not compress. */
        static Bytes noise(int seed, int length) {
            byte[] b = new byte[length];
            long x = seed;
            for (int i = 0; i < length; i++) { x = (x * 1103515245L + 12345L) & 0x7fffffffL; b[i] = (byte) (x >> 16); }
            return new Bytes(b, "{\"noise\":" + seed + ",\"length\":" + length + "}");
        }
        static String json(Bytes b) { return b == null ? "null" : b.json; }
        static byte[] raw(Bytes b) { return b == null ? null : b.bytes; }
    }

    record Head(String key, Bytes value) { }
    record Rec(long offset, long timestamp, Bytes key, Bytes value, List<Head> headers) {
        Rec(long offset, long timestamp, Bytes key, Bytes value) { this(offset, timestamp, key, value, List.of()); }
    }

    /** A batch to write; the fields that are not set are those of a plain producer. */
    static final class Spec {
        String name; Compression compression = Compression.NONE; List<Rec> records = new ArrayList<>();
        TimestampType type = TimestampType.CREATE_TIME; long logAppendTime = RecordBatch.NO_TIMESTAMP; long baseOffset = 0;
        long producerId = -1; short epoch = -1; int sequence = -1; boolean transactional = false; int leaderEpoch = -1;
        long deleteHorizon = RecordBatch.NO_TIMESTAMP;
        Spec(String name) { this.name = name; }
        Spec with(Compression c) { compression = c; return this; }
        Spec add(Rec r) { records.add(r); return this; }
        Spec producer(long id, int e, int s, boolean txn) { producerId = id; epoch = (short) e; sequence = s; transactional = txn; return this; }

        MemoryRecords write() {
            MemoryRecordsBuilder b = new MemoryRecordsBuilder(new ByteBufferOutputStream(1 << 20), RecordBatch.MAGIC_VALUE_V2, compression, type, baseOffset,
                logAppendTime, producerId, epoch, sequence, transactional, false, leaderEpoch, 1 << 20, deleteHorizon);
            for (Rec r : records) {
                Header[] headers = r.headers.stream().map(h -> (Header) new RecordHeader(h.key, Bytes.raw(h.value))).toArray(Header[]::new);
                b.appendWithOffset(r.offset, r.timestamp, Bytes.raw(r.key), Bytes.raw(r.value), headers.length == 0 ? NO_HEADERS : headers);
            }
            return b.build();
        }
    }

    static boolean first = true;

    static void print(String name, ByteBuffer buffer, List<Rec> records, String extra) {
        byte[] bytes = Utils.toArray(buffer.duplicate());
        RecordBatch batch = MemoryRecords.readableRecords(ByteBuffer.wrap(bytes)).batches().iterator().next();
        if (!batch.isValid()) throw new IllegalStateException(name);
        out.print(first ? "\n  " : ",\n  ");
        first = false;
        out.printf("{\"name\":\"%s\",\"header\":{\"baseOffset\":%d,\"sizeInBytes\":%d,\"partitionLeaderEpoch\":%d,\"crc\":%d,\"compression\":\"%s\","
            + "\"timestampType\":\"%s\",\"transactional\":%b,\"control\":%b,\"deleteHorizonMs\":%s,\"lastOffset\":%d,\"maxTimestamp\":%d,\"producerId\":%d,"
            + "\"producerEpoch\":%d,\"baseSequence\":%d,\"lastSequence\":%d,\"count\":%d},%s\"records\":[",
            name, batch.baseOffset(), batch.sizeInBytes(), batch.partitionLeaderEpoch(), batch.checksum(), batch.compressionType().name,
            batch.timestampType().toString(), batch.isTransactional(), batch.isControlBatch(),
            batch.deleteHorizonMs().isPresent() ? "" + batch.deleteHorizonMs().getAsLong() : "null", batch.lastOffset(), batch.maxTimestamp(),
            batch.producerId(), batch.producerEpoch(), batch.baseSequence(), batch.lastSequence(), batch.countOrNull(), extra);
        String comma = "";
        for (Rec r : records) {
            StringBuilder headers = new StringBuilder();
            for (Head h : r.headers) headers.append(headers.isEmpty() ? "" : ",").append("[\"").append(h.key).append("\",").append(Bytes.json(h.value)).append("]");
            out.printf("%s\n    [%d,%d,%s,%s,[%s]]", comma, r.offset, r.timestamp, Bytes.json(r.key), Bytes.json(r.value), headers);
            comma = ",";
        }
        out.printf("],\n    \"hex\":\"%s\"}", HexFormat.of().formatHex(bytes));
    }

    static void print(Spec s) {
        List<Rec> expected = s.records;
        if (s.type == TimestampType.LOG_APPEND_TIME) {
            expected = expected.stream().map(r -> new Rec(r.offset, s.logAppendTime, r.key, r.value, r.headers)).toList();
        }
        print(s.name, s.write().buffer(), expected, "");
    }

    static Spec mixed(String name) {
        return new Spec(name)
            .add(new Rec(0, T0, Bytes.text("key-1"), Bytes.text("hello, Moldau")))
            .add(new Rec(1, T0 + 3, null, Bytes.text("no key")))
            .add(new Rec(2, T0 + 2, Bytes.text("tombstone"), null))
            .add(new Rec(3, T0 + 2, Bytes.of(), Bytes.of()))
            .add(new Rec(4, T0 - 1, null, null))
            .add(new Rec(5, T0 + 70_000, Bytes.text("Vltava ž 🌊"), Bytes.repeat("abcdefghij", 30),
                List.of(new Head("trace", Bytes.text("00-af")), new Head("trace", Bytes.text("again")), new Head("none", null), new Head("empty", Bytes.of()),
                    new Head("ř", Bytes.of((byte) 0, (byte) 255)), new Head("", Bytes.of((byte) 1)))));
    }

    static Spec many(String name, int count) {
        Spec s = new Spec(name);
        for (int i = 0; i < count; i++) s.add(new Rec(i, T0 + (i * 37) % 1000, Bytes.text("k" + i % 7), Bytes.text("{\"id\":" + i + ",\"n\":" + (i * 7919L) % 10007 + "}")));
        return s;
    }

    /** More than one block in every codec's framing: some that compress, some that do not. */
    static Spec large(String name) {
        return new Spec(name)
            .add(new Rec(0, T0, Bytes.text("a"), Bytes.repeat("the river Vltava flows through Prague. ", 6000)))
            .add(new Rec(1, T0 + 1, Bytes.text("b"), Bytes.noise(42, 3000)))
            .add(new Rec(2, T0 + 2, Bytes.text("c"), Bytes.repeat("x", 100_000)));
    }

    static Spec incompressible(String name) { return new Spec(name).add(new Rec(0, T0, null, Bytes.noise(7, 2500))); }

    static void batches() {
        Compression[] all = {Compression.NONE, Compression.gzip().build(), Compression.snappy().build(), Compression.lz4().build(), Compression.zstd().build()};
        for (Compression c : all) {
            String n = c.type().name;
            print(mixed("mixed records, " + n).with(c));
            print(many("many records, " + n, 150).with(c));
            print(incompressible("incompressible, " + n).with(c));
            if (c.type().id != 0) print(large("several blocks, " + n).with(c));
        }
        print(new Spec("one empty record").add(new Rec(0, T0, null, null)));
        print(mixed("idempotent").producer(4711, 3, 100, false));
        print(mixed("idempotent, sequence wraps").producer(4711, 3, Integer.MAX_VALUE - 2, false));
        print(mixed("transactional").producer(9_007_199_254_740_991L, 32_766, 0, true));
        print(mixed("transactional, zstd").with(Compression.zstd().build()).producer(12, 0, 7, true));
        Spec append = mixed("LogAppendTime");
        append.type = TimestampType.LOG_APPEND_TIME; append.logAppendTime = T0 + 500; append.baseOffset = 0; print(append);
        Spec placed = new Spec("in a log, far on").add(new Rec(5_000_000_000L, T0, Bytes.text("k"), Bytes.text("v"))).add(new Rec(5_000_000_001L, T0, null, Bytes.text("w")));
        placed.baseOffset = 5_000_000_000L; placed.leaderEpoch = 1_000_000; print(placed);
        Spec gaps = new Spec("compacted, with gaps").add(new Rec(10, T0, Bytes.text("a"), Bytes.text("1"))).add(new Rec(17, T0 + 9, Bytes.text("b"), Bytes.text("2")))
            .add(new Rec(1_000_000, T0 + 10, Bytes.text("c"), null));
        gaps.baseOffset = 10; print(gaps);
        Spec horizon = new Spec("delete horizon").add(new Rec(0, T0, Bytes.text("a"), null)).add(new Rec(1, T0 + 5, Bytes.text("b"), Bytes.text("2")));
        horizon.deleteHorizon = T0 + 86_400_000L; print(horizon);
        print(new Spec("large varints").add(new Rec(0, 0, null, Bytes.text("at 0"))).add(new Rec(63, 63, null, null)).add(new Rec(64, 64, null, null))
            .add(new Rec(8191, 8191, null, null)).add(new Rec(8192, 8192, null, null)).add(new Rec(1_048_576, 1_000_000, null, null))
            .add(new Rec(134_217_728, 134_217_728L, null, null)).add(new Rec(1_073_741_823, 1_073_741_824L, null, null))
            .add(new Rec(1_073_741_824, 4_294_967_296L, null, null)).add(new Rec(2_147_483_646, 1L << 52, null, null))
            .add(new Rec(2_147_483_647, 9_007_199_254_740_991L, Bytes.repeat("k", 64), Bytes.repeat("v", 8192))));
        print(new Spec("falling timestamps").add(new Rec(0, 9_007_199_254_740_991L, null, null)).add(new Rec(1, 0, null, null)).add(new Rec(2, (1L << 52) + 1, null, null)));
        for (ControlRecordType type : new ControlRecordType[] {ControlRecordType.COMMIT, ControlRecordType.ABORT}) {
            String outcome = type == ControlRecordType.COMMIT ? "commit" : "abort";
            MemoryRecords m = MemoryRecords.withEndTransactionMarker(77, T0, 5, 4711, (short) 3, new EndTransactionMarker(type, 19));
            var r = m.records().iterator().next();
            print(outcome + " marker", m.buffer(), List.of(new Rec(77, T0, Bytes.of(Utils.toArray(r.key())), Bytes.of(Utils.toArray(r.value())))),
                "\"marker\":{\"outcome\":\"" + outcome + "\",\"coordinatorEpoch\":19},");
        }
        ByteBuffer empty = ByteBuffer.allocate(DefaultRecordBatch.RECORD_BATCH_OVERHEAD);
        DefaultRecordBatch.writeEmptyHeader(empty, RecordBatch.MAGIC_VALUE_V2, 4711, (short) 3, 40, 100, 120, 6, TimestampType.CREATE_TIME, T0, true, false);
        empty.flip();
        print("emptied by compaction", empty, List.of(), "");
    }

    static void hashes() {
        List<Bytes> keys = new ArrayList<>();
        for (int n = 0; n <= 40; n++) keys.add(Bytes.noise(n + 1, n));
        for (String s : new String[] {"", "a", "21", "foobar", "a-little-bit-long-string", "a-little-bit-longer-string", "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", "Vltava ž 🌊"})
            keys.add(Bytes.text(s));
        keys.add(Bytes.of((byte) -1, (byte) -2, (byte) -3, (byte) -128, (byte) 127));
        keys.add(Bytes.noise(99, 1000));
        String comma = "";
        for (Bytes k : keys) {
            out.printf("%s\n  {\"key\":%s,\"murmur2\":%d,\"of6\":%d,\"of1000\":%d}", comma, k.json, Utils.murmur2(k.bytes),
                BuiltInPartitioner.partitionForKey(k.bytes, 6), BuiltInPartitioner.partitionForKey(k.bytes, 1000));
            comma = ",";
        }
    }

    public static void main(String[] args) {
        out.print("{\"batches\":[");
        batches();
        out.print("\n],\"keys\":[");
        hashes();
        out.print("\n]}\n");
        out.flush();
    }
}
