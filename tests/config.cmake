unit_test(unit/test_units.c config)
unit_test(unit/test_suggest.c config)
unit_test(unit/test_expand.c config)
unit_test(unit/test_shape.c config)
unit_test(unit/test_config.c config)

# Prints the table of keys for tests/lint/check_docs.
if(PIN2MQTT_TESTS)
  add_executable(print_keys lint/print_keys.c)
  target_link_libraries(print_keys PRIVATE config)
endif()
