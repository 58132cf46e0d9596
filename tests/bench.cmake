# The floors that the benches measure beside the gateway.
if(PIN2MQTT_TESTS)
  add_executable(bare_paho bench/bare_paho.c)
  target_include_directories(bare_paho PRIVATE ${PAHO_INCLUDE_DIR})
  target_link_libraries(bare_paho PRIVATE ${PAHO_LIBRARY})
  add_executable(bench_delivery bench/delivery.c)
  target_include_directories(bench_delivery PRIVATE ${PAHO_INCLUDE_DIR})
  target_link_libraries(bench_delivery PRIVATE publish decode store config model base
                                               ${PAHO_LIBRARY} Threads::Threads)
endif()

# How decoders do on noisy machines, and what a frame costs; tests/bench/decode and
# tests/bench/work build them optimised and run them.
if(PIN2MQTT_TESTS)
  add_library(noise STATIC EXCLUDE_FROM_ALL bench/noise.c bench/noise_latency.c
    bench/noise_queue.c bench/noise_stranger.c bench/peers.c)
  target_link_libraries(noise PUBLIC decode_test m)
  add_executable(bench_decode bench/decode.c)
  target_link_libraries(bench_decode PRIVATE noise)
  add_executable(bench_work bench/work.c)
  target_link_libraries(bench_work PRIVATE noise)
endif()
unit_test(unit/test_noise.c noise)
unit_test(unit/test_decode_noise.c noise)
if(PIN2MQTT_TESTS)
  # A million frames a cell take their time.
  set_tests_properties(test_decode_noise PROPERTIES TIMEOUT 7200)
endif()
