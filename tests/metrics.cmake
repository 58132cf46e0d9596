if(PIN2MQTT_TESTS OR PIN2MQTT_FUZZ)
  # A gateway to tell of.
  add_library(metrics_test STATIC EXCLUDE_FROM_ALL unit/metrics_test.c)
  target_include_directories(metrics_test PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(metrics_test PUBLIC metrics)
endif()
unit_test(unit/test_accept.c metrics)
unit_test(unit/test_access.c metrics)
unit_test(unit/test_answer.c metrics_test)
unit_test(unit/test_exposition.c metrics_test)
unit_test(unit/test_guests.c metrics)
unit_test(unit/test_stream.c metrics_test)

fuzz_target(fuzz/fuzz_http.c metrics_test)
