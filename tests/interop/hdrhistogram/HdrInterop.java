import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.Locale;
import java.util.Random;
import java.util.function.ToLongFunction;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramLogReader;
import org.HdrHistogram.HistogramLogWriter;

/**
 * The JVM's HdrHistogram, for our own codec to be held against.
 *
 * <p>write LOG: writes a log and prints a summary of each histogram. read LOG: prints a summary of each histogram of a log.
 * payloads LOG: says of each line whether HdrHistogram would have encoded the same counts in the same bytes. A summary is
 * one line, as hdr_tool.c prints it: tag start_ms length_ms count min p50 p99 p99.9 max mean stddev.
 */
public final class HdrInterop {
    private static final long START_MS = 1763646000250L;

    private HdrInterop() {}

    private record Shape(String tag, long lowest, long highest, int digits, int values, ToLongFunction<Random> draw) {}

    private static long lognormal(Random random) {
        return (long) (350000 * Math.exp(0.5 * random.nextGaussian()));
    }

    private static long veryLarge(Random random) {
        return random.nextLong() >>> 1 >>> random.nextInt(60);
    }

    private static final Shape[] SHAPES = {
        new Shape("eastus2.uniform", 1, 3600000000L, 3, 20000, r -> r.nextInt(3000000)),
        new Shape("eastus2.lognormal", 1, 3600000000L, 3, 20000, HdrInterop::lognormal),
        new Shape("swedencentral.lognormal", 1, 600000000L, 4, 5000, HdrInterop::lognormal),
        new Shape("eastus2.constant", 1, 3600000000L, 3, 1000, r -> 123457),
        new Shape("eastus2.zeros", 1, 3600000000L, 3, 17, r -> 0),
        new Shape("eastus2.empty", 1, 3600000000L, 3, 0, r -> 0),
        new Shape("eastus2.single", 1, 3600000000L, 3, 1, HdrInterop::lognormal),
        new Shape("very.large", 1, Long.MAX_VALUE, 3, 5000, HdrInterop::veryLarge),
        new Shape("very.large.precise", 1, Long.MAX_VALUE, 5, 500, HdrInterop::veryLarge),
        new Shape("coarse.unit", 1000, 3600000000000L, 2, 3000, r -> r.nextInt(3000000)),
        new Shape("coarse.zeros", 1024, 3600000000L, 3, 40, r -> r.nextInt(5) * 300L),
        new Shape("one.digit", 1, 100000000L, 1, 3000, HdrInterop::lognormal),
        new Shape(null, 1, 3600000000L, 3, 2000, r -> r.nextInt(3000000)),
    };

    private static void summarise(Histogram h) {
        System.out.printf(Locale.ROOT, "%s %d %d %d %d %d %d %d %d %s %s%n",
            h.getTag() == null ? "-" : h.getTag(), h.getStartTimeStamp(), h.getEndTimeStamp() - h.getStartTimeStamp(),
            h.getTotalCount(), h.getMinValue(), h.getValueAtPercentile(50), h.getValueAtPercentile(99),
            h.getValueAtPercentile(99.9), h.getMaxValue(), h.getMean(), h.getStdDeviation());
    }

    private static Histogram fill(Shape shape, int number) {
        Random random = new Random(number);
        Histogram h = new Histogram(shape.lowest, shape.highest, shape.digits);
        for (int i = 0; i < shape.values; i++) h.recordValue(shape.draw.applyAsLong(random));
        h.setTag(shape.tag);
        h.setStartTimeStamp(START_MS + number * 10003L);
        h.setEndTimeStamp(h.getStartTimeStamp() + 10000 + number);
        return h;
    }

    private static void write(String path) throws IOException {
        try (PrintStream out = new PrintStream(path)) {
            HistogramLogWriter writer = new HistogramLogWriter(out);
            writer.outputComment("[Logged with HdrInterop]");
            writer.outputLogFormatVersion();
            writer.setBaseTime(START_MS);
            writer.outputBaseTime(START_MS);
            writer.outputStartTime(START_MS);
            writer.outputLegend();
            for (int number = 0; number < 3 * SHAPES.length; number++) {
                Histogram h = fill(SHAPES[number % SHAPES.length], number);
                writer.outputIntervalHistogram(h);
                summarise(h);
            }
            writer.outputComment("[End of log]");
        }
    }

    private static void read(String path) throws IOException {
        HistogramLogReader reader = new HistogramLogReader(new File(path));
        Histogram h;
        while ((h = (Histogram) reader.nextIntervalHistogram()) != null) summarise(h);
        reader.close();
    }

    private static byte[] inflate(byte[] compressed) throws DataFormatException {
        Inflater inflater = new Inflater();
        inflater.setInput(compressed, 8, compressed.length - 8);
        byte[] plain = new byte[1 << 24];
        int length = inflater.inflate(plain);
        inflater.end();
        return Arrays.copyOf(plain, length);
    }

    private static void payloads(String path) throws IOException, DataFormatException {
        for (String line : Files.readAllLines(Path.of(path))) {
            if (line.startsWith("#") || line.startsWith("\"") || line.isEmpty()) continue;
            byte[] compressed = Base64.getDecoder().decode(line.substring(line.lastIndexOf(',') + 1));
            Histogram h = Histogram.decodeFromCompressedByteBuffer(ByteBuffer.wrap(compressed), 0);
            ByteBuffer again = ByteBuffer.allocate(h.getNeededByteBufferCapacity());
            int length = h.encodeIntoByteBuffer(again);
            byte[] expected = Arrays.copyOf(again.array(), length);
            String tag = line.startsWith("Tag=") ? line.substring(4, line.indexOf(',')) : "-";
            System.out.println(tag + (Arrays.equals(expected, inflate(compressed)) ? " same" : " different"));
        }
    }

    public static void main(String[] args) throws Exception {
        switch (args.length == 2 ? args[0] : "") {
            case "write" -> write(args[1]);
            case "read" -> read(args[1]);
            case "payloads" -> payloads(args[1]);
            default -> {
                System.err.println("usage: HdrInterop write|read|payloads LOG");
                System.exit(2);
            }
        }
    }
}
