package tinygpt.training;

import java.util.Iterator;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.function.Function;

/** What only programs with Spark on their class path have. */
public final class Providers {
    private static final String MISSING = "Spark is not on the class path; use scripts/tinygpt-spark";

    private Providers() {}

    /**
     * Connects by the provider that is on the class path.
     *
     * @param type of the provider
     * @param connect what it is asked to do
     * @throws EngineFailedException if there is none
     */
    public static <P, C> C connect(Class<P> type, Function<P, C> connect) {
        try {
            Iterator<P> found = ServiceLoader.load(type).iterator();
            if (found.hasNext()) {
                return connect.apply(found.next());
            }
        } catch (ServiceConfigurationError | NoClassDefFoundError e) {
            throw new EngineFailedException(MISSING, e);
        }
        throw new EngineFailedException(MISSING);
    }
}
