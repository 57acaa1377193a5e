/**
 * How fast training and generation run on this machine, and how near that is to what its cores could do. Random tokens, no
 * files but those whose writing {@link tinygpt.bench.LoggingCost} measures. Everything that is compared is measured in turns within one run, since the speed of a machine changes from minute
 * to minute.
 */
package tinygpt.bench;
